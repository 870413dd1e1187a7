/* decide - what the parts of policy/ that report rules share with policy_decide(). Pure. */
#pragma once

#include "policy/command.h"
#include "policy/rules.h"

/* A decision as rule @r would give it, without what depends on an action. */
void policy_decision_of(const struct rule *r, struct policy_decision *ret);
