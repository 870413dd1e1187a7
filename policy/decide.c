#include "policy/decide.h"

#include "policy/structure.h"

/* A decision looks up which rules could apply (automata, index of destinations, the few that
 * neither finds), walks them in rank order, and takes the first that does. Ranks are the
 * precedence, so there is nothing to compare. Guards (block, ask) are asked before allows; an allow
 * never hides a guard. */

static const char *const default_messages[POLICY_OPS_ALL] = {
	[POLICY_READ] =
		"No rule allows reading this. The user can add an allow rule to the policy.",
	[POLICY_WRITE] =
		"No rule allows writing here. Work inside the workspace, or let the user allow it.",
	[POLICY_DELETE] = "No rule allows deleting this. Work inside the workspace, or let the "
			  "user allow it.",
	[POLICY_LIST] =
		"No rule allows listing this. The user can add an allow rule to the policy.",
	[POLICY_EXEC] = "No rule allows running this program. The user can add an allow rule to "
			"the policy.",
	[POLICY_CONNECT] = "No rule allows this connection. The user can add an allow rule with "
			   "match: {host: ...}.",
	[POLICY_CONTENT] = "No rule allows this content. The user can add an allow rule to the policy.",
	[POLICY_TOOL] = "No rule allows this tool. The user can add an allow rule with "
			"match: {tool: ...}.",
};

/* What belongs to guards (0) or allows (1). */
struct side {
	const struct matcher *matcher;
	struct hits hits;
	bool ready;
};

struct query {
	const struct policy *p;
	const struct policy_action *a;
	const char *path;	 /* that path patterns speak of, or NULL */
	struct command *command; /* exec, and what an analysis speaks of; else NULL */
	struct scene *scene;	 /* only with an analysis */
	struct side side[2];
};

/* Rules that a walk leaves out. */
enum { SKIP_NONE = 0, SKIP_INSPECT = 1, SKIP_PROJECT_ASK = 2 };

#define NO_RULE UINT32_MAX

static void collect(struct query *q, unsigned which)
{
	const struct policy *p = q->p;
	const struct dest_index *x = &p->dests[which];
	struct side *s = &q->side[which];

	s->matcher = which ? &p->allows : &p->guards;
	s->hits.n = 0;
	s->hits.overflow = false;
	s->ready = true;
	if (q->path)
		matcher_run(s->matcher, q->path, &s->hits);
	if (q->a->op == POLICY_CONNECT && q->a->dest)
		dest_index_run(x, q->a->dest, &s->hits);
	if (q->command && x->cap) {
		if (q->command->path)
			dest_index_run_program(x, command_base(q->command->path), &s->hits);
		for (unsigned i = 0; i < q->command->n_views; i++)
			dest_index_run_program(x, command_base(q->command->views[i].argv[0]),
					       &s->hits);
	}
}

static struct side *side_of(struct query *q, uint32_t rank)
{
	unsigned which = rank >= q->p->first_allow;

	if (!q->side[which].ready)
		collect(q, which);
	return &q->side[which];
}

static bool hit(struct query *q, uint32_t rank, enum part part)
{
	const struct side *s = side_of(q, rank);

	for (unsigned i = 0; i < s->hits.n; i++)
		if (list_has(&s->matcher->lists, s->hits.list[i], rank * MATCH_KINDS + part))
			return true;
	return false;
}

/* @limit: what a regex that gave up counts as. */
static bool path_hit(struct query *q, const struct rule *r, uint32_t rank, enum part part,
		     bool limit)
{
	if (!q->path)
		return false;
	if (r->globs[part].n && hit(q, rank, part))
		return true;
	for (size_t i = 0; i < r->regexes[part].n; i++) {
		enum regex_result m =
			regex_match(r->regexes[part].v[i], q->path, strlen(q->path), 0);

		if (m == REGEX_YES || (m == REGEX_LIMIT && limit))
			return true;
	}
	return false;
}

static bool host_hit(struct query *q, const struct rule *r, uint32_t rank, enum part part)
{
	return q->a->op == POLICY_CONNECT && r->hosts[part - PART_HOST].n && hit(q, rank, part);
}

static bool subject_matches(struct query *q, const struct rule *r, uint32_t rank)
{
	bool limit = r->effect != EFFECT_ALLOW;
	bool paths = r->globs[PART_PATH].n || r->regexes[PART_PATH].n, hosts = r->hosts[0].n;

	if ((paths || hosts) && !(paths && path_hit(q, r, rank, PART_PATH, limit)) &&
	    !(hosts && host_hit(q, r, rank, PART_HOST)))
		return false;
	if ((r->globs[PART_MATCH_PATH].n || r->regexes[PART_MATCH_PATH].n) &&
	    !path_hit(q, r, rank, PART_MATCH_PATH, limit))
		return false;
	if (r->hosts[1].n && !host_hit(q, r, rank, PART_MATCH_HOST))
		return false;
	return !path_hit(q, r, rank, PART_EXCEPT_PATH, !limit) &&
	       !host_hit(q, r, rank, PART_EXCEPT_HOST);
}

static bool spared(const struct query *q, const struct rule *r)
{
	for (size_t i = 0; q->a->by && i < r->unless_by.n; i++)
		if (policy_glob(r->unless_by.v[i], q->a->by))
			return true;
	return false;
}

static bool match_holds(struct query *q, const struct match *m, bool limit)
{
	if (m->has & CONDS_VIEW && !(q->command && q->command->n_views))
		return false;
	if (m->has & COND_BIT(COND_PROGRAM) && !(m->names & q->command->names))
		return false;
	if (m->has & (CONDS_VIEW | COND_BIT(COND_COMMAND)) &&
	    (!q->command || !command_matches(q->command, m, limit)))
		return false;
	return structure_matches(q->scene, q->a, q->path, m, limit);
}

/* @found: the rule comes from an index, which for a command is complete for the matches that are indexed. */
static bool conditions_hold(struct query *q, const struct rule *r, bool found)
{
	size_t n = q->command && !found ? r->n_open : r->any.n;
	bool limit = r->effect != EFFECT_ALLOW, hit = r->any.n == 0;

	if (r->match.n && !match_holds(q, &r->match, limit))
		return false;
	for (size_t i = 0; i < r->all.n; i++)
		if (!match_holds(q, &r->all.v[i], limit))
			return false;
	for (size_t i = 0; i < n && !hit; i++)
		hit = match_holds(q, &r->any.v[i], limit);
	return hit;
}

static bool applies(struct query *q, uint32_t rank, bool found, unsigned depth)
{
	const struct rule *r = q->p->rules[rank];

	bool is_call = !q->scene && (unsigned)q->a->op < POLICY_OP_COUNT;

	if (!(r->ops >> q->a->op & 1) || (r->needs_text && is_call) || !subject_matches(q, r, rank))
		return false;
	if (r->conds && !conditions_hold(q, r, found))
		return false;
	if (spared(q, r))
		return false;
	/* Rules that lift each other in a circle are refused at load: the depth is a second belt.
	 */
	for (size_t i = 0; i < r->n_lifters && depth < 8; i++)
		if (applies(q, r->lifters[i], true, depth + 1))
			return false;
	return true;
}

static bool skipped(const struct query *q, const struct rule *r, unsigned skip)
{
	if (q->p->only && r != q->p->only)
		return true;
	if ((skip & SKIP_INSPECT) && r->inspect != INSPECT_NONE)
		return true;
	return (skip & SKIP_PROJECT_ASK) && r->effect == EFFECT_ASK && r->origin == ORIGIN_PROJECT;
}

/* The strongest rule of one side that applies, below rank @best; @best if none does. */
static uint32_t walk_list(struct query *q, const struct side *s, uint32_t list, uint32_t best,
			  unsigned skip)
{
	const uint32_t *e = list_begin(&s->matcher->lists, list),
		       *end = list_end(&s->matcher->lists, list);
	uint32_t seen = NO_RULE;

	for (; e < end; e++) {
		uint32_t rank = *e / MATCH_KINDS, part = *e % MATCH_KINDS;

		if (rank >= best)
			break;
		if (rank == seen || part == PART_EXCEPT_PATH || part == PART_EXCEPT_HOST)
			continue;
		seen = rank;
		if (!skipped(q, q->p->rules[rank], skip) && applies(q, rank, true, 0))
			return rank;
	}
	return best;
}

static uint32_t strongest(struct query *q, unsigned which, unsigned skip)
{
	const struct policy *p = q->p;
	uint32_t lo = which ? p->first_allow : 0,
		 hi = which ? (uint32_t)p->n_rules : p->first_allow;
	uint32_t best = NO_RULE;
	const struct side *s;

	if (lo == hi)
		return NO_RULE;
	s = side_of(q, lo);
	for (unsigned i = 0; i < s->hits.n; i++)
		best = walk_list(q, s, s->hits.list[i], best, skip);
	for (size_t i = 0; i < p->others[q->a->op].n; i++) {
		uint32_t rank = p->others[q->a->op].rank[i];

		if (rank >= hi || rank >= best)
			break;
		if (rank >= lo && !skipped(q, p->rules[rank], skip) && applies(q, rank, false, 0))
			return rank;
	}
	return best;
}

static bool is_under(const char *path, const char *dir)
{
	size_t len = dir ? strlen(dir) : 0;

	if (!len)
		return false;
	if (len == 1)
		return true; /* the workspace is "/" */
	return strncmp(path, dir, len) == 0 && (!path[len] || path[len] == '/');
}

static enum policy_verdict fallback_verdict(const struct query *q)
{
	const struct fallback *f = &q->p->fallback[q->a->op];
	bool inside = q->path && (is_under(q->path, q->p->roots.workspace[0]) ||
				  is_under(q->path, q->p->roots.workspace[1]));

	return inside ? f->inside : f->outside;
}

static enum policy_verdict effect_verdict(enum policy_effect e)
{
	return e == EFFECT_ALLOW ? VERDICT_ALLOW : e == EFFECT_ASK ? VERDICT_ASK : VERDICT_DENY;
}

static const char *stage_of(const struct query *q, const struct rule *r)
{
	if (q->a->op >= POLICY_CONTENT)
		return policy_op_name(q->a->op);
	if (rule_has_exec(r))
		return "command";
	if (rule_has_hosts(r) && !(rule_has_paths(r) && q->a->op != POLICY_CONNECT))
		return "destination";
	if (!rule_has_paths(r) && q->a->op == POLICY_CONNECT)
		return "destination";
	return "path";
}

/* The rule that decides, leaving out @skip; NO_RULE for the default. */
static uint32_t find(struct query *q, unsigned skip)
{
	uint32_t rank = strongest(q, 0, skip);

	return rank != NO_RULE ? rank : strongest(q, 1, skip);
}

static enum policy_verdict verdict_of(const struct query *q, uint32_t rank)
{
	return rank == NO_RULE ? fallback_verdict(q) : effect_verdict(q->p->rules[rank]->effect);
}

static void fill(const struct query *q, uint32_t rank, struct policy_decision *ret)
{
	const struct rule *r = rank == NO_RULE ? NULL : q->p->rules[rank];

	if (r) {
		policy_decision_of(r, ret);
		ret->stage = stage_of(q, r);
		ret->wants_by = r->unless_by.n && !q->a->by;
		return;
	}
	*ret = (struct policy_decision){
		.verdict = fallback_verdict(q),
		.rule = "default",
		.message = "",
		.source = "builtin",
		.stage = "default",
		.severity = SEVERITY_MEDIUM,
	};
	if (ret->verdict != VERDICT_ALLOW)
		ret->message = default_messages[q->a->op];
}

void policy_decision_of(const struct rule *r, struct policy_decision *ret)
{
	*ret = (struct policy_decision){
		.verdict = effect_verdict(r->effect),
		.rule = r->name,
		.message = r->message,
		.source = r->source,
		.stage = "path",
		.severity = r->severity,
	};
}

static bool any_overflow(const struct query *q)
{
	return (q->side[0].ready && q->side[0].hits.overflow) ||
	       (q->side[1].ready && q->side[1].hits.overflow);
}

static void decide(struct query *q, struct policy_decision *ret)
{
	uint32_t rank = find(q, SKIP_NONE);
	const struct rule *r = rank == NO_RULE ? NULL : q->p->rules[rank];

	/* A project's ask must not soften what would be denied without it. */
	if (r && r->origin == ORIGIN_PROJECT && r->effect == EFFECT_ASK) {
		uint32_t other = find(q, SKIP_PROJECT_ASK);

		if (verdict_of(q, other) == VERDICT_DENY)
			rank = other;
	}
	fill(q, rank, ret);
	/* A harmless change passes only where nothing but the inspecting rules is in its way. */
	if (r && r->inspect != INSPECT_NONE && (q->a->op == POLICY_WRITE || q->a->op == POLICY_DELETE) &&
	    verdict_of(q, find(q, SKIP_INSPECT)) == VERDICT_ALLOW)
		ret->inspect = r->inspect;
	if (any_overflow(q)) {
		ret->verdict = VERDICT_DENY;
		ret->rule = "default";
		ret->message = "Too many rules meet at this path to judge it.";
		ret->inspect = INSPECT_NONE;
	}
}

/* Kept apart: these are large, and only commands need their stack. */
static __attribute__((noinline)) void decide_command(struct query *q, struct policy_decision *ret)
{
	struct command command;

	if (q->scene)
		command_init_shell(&command, q->a);
	else
		command_init(&command, q->a->path, q->a->argv);
	q->command = &command;
	decide(q, ret);
	q->command = NULL;
}

static __attribute__((noinline)) void decide_shell(struct query *q, struct policy_decision *ret)
{
	struct scene scene;

	scene_init(&scene, q->a);
	q->scene = &scene;
	decide_command(q, ret);
	q->scene = NULL;
}

/* What path patterns speak of. */
static const char *path_of(const struct policy_action *a)
{
	const char *path = a->path;

	if (a->op == POLICY_CONNECT)
		path = a->dest && !a->dest->unix_abstract ? a->dest->unix_path : NULL;
	if (a->op == POLICY_TOOL)
		return NULL;
	if (a->op == POLICY_EXEC && a->shell && a->command == POLICY_WHOLE_TEXT && !a->shell->unparsable)
		return NULL; /* the shell in front of it is nobody's */
	return path && path[0] == '/' ? path : NULL;
}

void policy_decide(const struct policy *p, const struct policy_action *a,
		   struct policy_decision *ret)
{
	struct query q;

	q.p = p;
	q.a = a;
	q.command = NULL;
	q.scene = NULL;
	q.side[0].ready = q.side[1].ready = false;
	*ret = (struct policy_decision){
		.rule = "default", .message = "", .source = "builtin", .stage = "default"};
	if ((unsigned)a->op >= POLICY_OPS_ALL)
		return; /* not an operation: denied */
	q.path = path_of(a);
	if (p->has_exec_rules && a->shell)
		decide_shell(&q, ret);
	else if (p->has_exec_rules && a->op == POLICY_EXEC)
		decide_command(&q, ret);
	else
		decide(&q, ret);
}
