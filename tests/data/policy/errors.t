== unknown key at the top
policy:
rule: []
--
error => policy.yaml:1:1: unknown key 'rule'; expected one of version, include, default, lists, rules, env

== unknown key in a rule
policy:
rules:
  - block: /x
    acton: read
--
error => policy.yaml:3:5: unknown key 'acton'; expected one of block, ask, allow, match, all, any, effect, except, actions, name, message, nudge, description, severity, enabled, examples, locked, lifts, unless_by, inspect

== duplicate key
policy:
rules:
  - block: /x
    block: /y
--
error => policy.yaml:3:5: duplicate key 'block' (first at line 2)

== anchors
policy:
rules: &a []
--
error => policy.yaml:1:8: anchors are not supported

== aliases
policy:
rules: *a
--
error => policy.yaml:1:8: aliases are not supported

== tags
policy:
rules: !!seq []
--
error => policy.yaml:1:8: tags are not supported

== merge keys
policy:
rules: [{<<: x}]
--
error => policy.yaml:1:10: merge keys are not supported

== several documents
policy:
version: 1
---
version: 1
--
error => policy.yaml:2:1: only one document is allowed

== not YAML
policy:
rules: [
--
error => policy.yaml:2:1: not YAML: did not find expected node content

== a list at the top
policy:
- block: /x
--
error => policy.yaml:1:1: a policy must be a map (key: value)

== a map where a list belongs
policy:
rules: {block: /x}
--
error => policy.yaml:1:8: rules must be a list (each rule begins with '-')

== a text where a rule belongs
policy:
rules: [x]
--
error => policy.yaml:1:9: a rule must be a map (key: value)

== version
policy:
version: 2
--
error => policy.yaml:1:10: version '2' is not known; expected 1

== default with a wrong operation
policy:
default: {open: allow}
--
error => policy.yaml:1:11: unknown key 'open'; expected one of read, write, delete, list, exec, connect, content, tool

== default with a wrong word
policy:
default: {read: maybe}
--
error => policy.yaml:1:17: expected allow, ask, deny or workspace, not 'maybe'

== no workspace for connect
policy:
default: {connect: workspace}
--
error => policy.yaml:1:20: expected allow, ask or deny, not 'workspace'

== no effect
policy:
rules: [{name: x}]
--
error => policy.yaml:1:9: expected block, ask, allow or match in the rule

== two effects
policy:
rules: [{block: /x, ask: /y}]
--
error => policy.yaml:1:26: a rule has only one of block, ask and allow

== match without a name
policy:
rules: [{match: {path: /x}}]
--
error => policy.yaml:1:9: a rule with match: needs a name:

== a wrong effect
policy:
rules: [{name: x, match: {path: /x}, effect: deny}]
--
error => policy.yaml:1:46: expected block, ask or allow, not 'deny'

== a name twice
policy:
rules:
  - {name: x, block: /a}
  - {name: x, block: /b}
--
error => policy.yaml:3:5: the name 'x' is taken by the rule at policy.yaml:2

== bad name
policy:
rules: [{name: "a b", block: /a}]
--
error => policy.yaml:1:16: a name has at most 64 of A-Z a-z 0-9 . _ -

== unknown action
policy:
rules: [{block: /a, actions: [read, run]}]
--
error => policy.yaml:1:37: unknown action 'run'; expected read, write, delete, list, exec, connect, content, tool or all

== severity
policy:
rules: [{block: /a, severity: huge}]
--
error => policy.yaml:1:31: expected low, medium, high or critical, not 'huge'

== a boolean
policy:
rules: [{block: /a, enabled: yes}]
--
error => policy.yaml:1:30: expected true or false, not 'yes'

== a pattern's error has its place
policy:
rules:
  - block: ["/ok", "/a[b"]
--
error => policy.yaml:2:20: unclosed '['

== empty
policy:
rules: [{block: ""}]
--
error => policy.yaml:1:17: expected a pattern, not an empty text

== empty list
policy:
rules: [{block: []}]
--
error => policy.yaml:1:17: expected a pattern or a list of them; the list is empty

== a regex in the wrong place
policy:
rules: [{block: "re:x"}]
--
error => policy.yaml:1:17: a regex goes into match: {path: 're:…'}

== a bad regex
policy:
rules: [{name: x, match: {path: "re:a(b"}}]
--
error => policy.yaml:1:33: regex: missing closing parenthesis (at character 4)

== lifts unknown
policy:
rules: [{allow: /x, lifts: y}]
--
error => policy.yaml:1:28: lifts: there is no rule 'y'

== lifts locked
builtin
policy:
rules: [{allow: /x, lifts: protect-crust}]
--
error => policy.yaml:1:28: lifts: rule 'protect-crust' is locked

== lifts on a block rule
policy:
rules: [{name: y, block: /y}, {block: /x, lifts: y}]
--
error => policy.yaml:1:50: lifts is for allow and ask rules

== lifts an allow
policy:
rules: [{name: y, allow: /y}, {allow: /x, lifts: y}]
--
error => policy.yaml:1:50: lifts: 'y' is an allow rule; there is nothing to lift

== lifts in a circle
policy:
rules: [{name: x, ask: /y, lifts: y}, {name: y, ask: /x, lifts: x}]
--
error => policy.yaml:1:35: lifts: rules lift each other

== locked is not for users
policy:
rules: [{block: /y, locked: true}]
--
error => policy.yaml:1:29: only built-in rules can be locked

== never applies
policy:
rules: [{name: x, match: {program: rm}, actions: [read]}]
--
error => policy.yaml:1:9: the actions do not fit the conditions: this rule never applies

== never applies either
policy:
rules: [{name: x, match: {program: rm, host: a}}]
--
error => policy.yaml:1:9: no action is both a command and a connection: this rule never applies

== hosts
policy:
rules: [{name: x, match: {host: "a*.b"}}]
--
error => policy.yaml:1:33: '*' stands only for whole labels in front, as in *.example.com

== a URL
policy:
rules: [{name: x, match: {host: "http://a"}}]
--
error => policy.yaml:1:33: expected a host, not a URL

== a prefix
policy:
rules: [{name: x, match: {host: 10.0.0.0/33}}]
--
error => policy.yaml:1:33: a prefix length is a number from 0 to 32

== a port
policy:
rules: [{name: x, match: {host: "a:0"}}]
--
error => policy.yaml:1:33: a port is a number from 1 to 65535

== a flag
policy:
rules: [{name: x, match: {flags: r}}]
--
error => policy.yaml:1:34: expected a flag such as -r or --recursive

== an include that is not there
policy:
include: nothing.yaml
--
error => policy.yaml:1:10: include: nothing.yaml: cannot open: No such file or directory

== NUL
policy:
rules: [{block: "/a\0b"}]
--
error => policy.yaml:1:17: NUL byte in a text

== nesting
policy:
rules: [[[[[[[[[[[[[[[[[[[[[
--
error => policy.yaml:1:23: nested too deeply

== an effect that is switched off
policy:
rules: [{block: false}]
--
error => policy.yaml:1:17: expected a pattern or true; 'enabled: false' switches a rule off
