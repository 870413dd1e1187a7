== actions follow from conditions
policy:
rules:
  - {name: a, match: {content: x}, actions: [read, write, delete, list, exec, connect]}
  - {name: b, match: {program: x}, actions: [all]}
  - {name: c, match: {tool: x, path: /p}}
--
exec x => deny b
read /p => allow default

== conditions that no action meets
policy:
rules:
  - {name: x, match: {tool: x, secret: y, program: z}}
--
error => policy.yaml:2:5: the actions do not fit the conditions: this rule never applies

== a connection is no command
policy:
rules:
  - {name: x, match: {host: a.b, program: z}}
--
error => policy.yaml:2:5: no action is both a command and a connection: this rule never applies

== nor is a tool call a path
policy:
rules:
  - {name: x, match: {path: /x}, actions: [tool]}
--
error => policy.yaml:2:5: the actions do not fit the conditions: this rule never applies

== any: of nothing
policy:
rules:
  - {name: x, any: []}
--
error => policy.yaml:2:20: any must be a list of match maps

== all: of a map
policy:
rules:
  - {name: x, all: {path: /x}}
--
error => policy.yaml:2:20: all must be a list of match maps

== any: of texts
policy:
rules:
  - {name: x, any: [/x]}
--
error => policy.yaml:2:21: match must be a map (key: value)

== any: of an empty map
policy:
rules:
  - {name: x, any: [{}]}
--
error => policy.yaml:2:21: match is empty

== a rule with any: needs a name
policy:
rules:
  - any: [{path: /x}]
--
error => policy.yaml:2:5: a rule with match: needs a name:

== unknown conditions
policy:
rules:
  - {name: x, match: {pipline_to: sh}}
--
error => policy.yaml:2:23: unknown key 'pipline_to'; expected one of tool, server, server_not_in, secret, in_text, unknown, unparsable, decoded, fork_bomb, program, program_not_in, flags, subcommand, argv, args, host, path, sets_env, reads_file, writes_file, deletes_file, sends_file, connects, recursive, pipeline_to, pipeline_from, command, input, content, tools, match_server_not_in, match_base_command_not_in, with_args_matching

== the same condition under two names
policy:
rules:
  - {name: x, match: {args: a, with_args_matching: b}}
--
error => policy.yaml:2:52: with_args_matching is another name of args

== only true
policy:
rules:
  - {name: x, match: {unparsable: false}}
--
error => policy.yaml:2:35: unparsable can only be true

== unknown what
policy:
rules:
  - {name: x, match: {unknown: everything}}
--
error => policy.yaml:2:32: expected operand, code or command, not 'everything'

== a flag is no subcommand
policy:
rules:
  - {name: x, match: {subcommand: "--force"}}
--
error => policy.yaml:2:35: expected the words of a subcommand, such as push or 's3 rm'

== a subcommand of spaces
policy:
rules:
  - {name: x, match: {subcommand: "  "}}
--
error => policy.yaml:2:35: expected the words of a subcommand, such as push or 's3 rm'

== a bad regex says where
policy:
rules:
  - name: x
    match:
      content: ["a", "re:("]
--
error => policy.yaml:4:22: regex: missing closing parenthesis (at character 2)

== nudge is message
policy:
rules:
  - {name: x, block: /x, nudge: a, message: b}
--
error => policy.yaml:2:33: nudge is another name of message

== an example that fails
policy:
rules:
  - name: x
    match: {program: rm}
    examples:
      match: ["rm -rf /", {op: exec, argv: [rm, x]}]
      not_match: ["ls", {op: read, path: ~/rm}, "rm x"]
--
error => policy.yaml:6:49: rule 'x': example {"op":"exec","command":"rm x"}: the rule applies to it

== an example that the rule misses
policy:
rules:
  - name: x
    block: "~/.x"
    examples: {match: [{op: read, path: ~/.x}, {op: write, path: "~/.y"}]}
--
error => policy.yaml:4:48: rule 'x': example {"op":"write","path":"~/.y"}: the rule does not apply to it

== an example that says nothing
policy:
rules:
  - name: x
    block: "~/.x"
    examples: {match: [{foo: bar}]}
--
error => policy.yaml:4:24: rule 'x': example {"foo":"bar"}: it has no op that is known

== an example of another rule's
policy:
rules:
  - {name: y, block: "~/.x/**"}
  - {name: x, ask: "~/.x/a", examples: {match: [{op: read, path: "~/.x/a"}]}}
  - {name: z, allow: "~/.z", examples: {match: [{op: read, path: "~/.z"}], not_match: [{op: read, path: "~/.y"}]}}
--
read /home/u/.x/a => deny y

== examples of every kind
policy:
rules:
  - name: x
    any: [{tool: bad, input: evil}, {content: BEGIN}, {host: "*.evil.com"}, {path: "/x/**"}, {program: rm}]
    examples:
      match:
        - {tool: bad, input: {a: evil, n: 3, b: true}}
        - {text: "xx begin"}
        - {op: write, path: "/tmp/y", content: "begin"}
        - {host: a.evil.com, port: 443}
        - {url: "https://a.evil.com/x"}
        - {unix: "/x/sock"}
        - {op: delete, path: "/x/a"}
        - "rm x"
        - {command: "rm y"}
        - {argv: ["/bin/rm"]}
      not_match:
        - {tool: bad, input: {a: good}}
        - {tool: good, input: {}}
        - {text: "nothing"}
        - {host: evil.com}
        - {op: list, path: "x"}
        - ls
--
read /x/a => deny x

== a lifted rule leaves its examples
policy:
rules:
  - {name: x, block: "/x/**", examples: {match: [{op: read, path: /x/a}], not_match: [{op: read, path: /x/b}]}}
  - {name: y, allow: "/x/b", lifts: x}
--
read /x/b => allow y

== suggestions
policy:
rules:
  - {name: p, match: {program: rm, args: "-rf"}}
  - {name: q, ask: "/q"}
--
exec rm -rf x => deny p suggest {name: allow-command, match: {command: "re:^rm \\-rf x$"}, effect: allow, lifts: p}
read /q => ask q suggest {allow: "/q", lifts: q, actions: [read]}
