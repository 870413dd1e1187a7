== a list in the place of patterns
policy:
lists:
  tools: [rm, dd]
  places: ["/a/**", "/b"]
rules:
  - {name: p, block: ["list:places", /c]}
  - {name: q, match: {program: ["list:tools", mkfs]}}
--
read /a/x => deny p
read /b => deny p
read /c => deny p
read /d => allow default
exec rm x => deny q
exec mkfs => deny q
exec ls => allow default

== append and exclude
policy:
include: base.yaml
lists:
  places: {append: ["/c"], exclude: ["/a/ok/**"]}
rules:
  - {name: p, block: "list:places"}
--
file base.yaml:
lists:
  places: ["/a/**"]
--
read /a/x => deny p
read /a/ok/x => allow default
read /c => deny p

== a later list replaces
policy:
include: base.yaml
lists: {places: [/b]}
rules:
  - {name: p, block: "list:places"}
--
file base.yaml:
lists: {places: [/a]}
rules:
  - {name: q, ask: "list:places"}
--
read /a => allow default
read /b => deny p

== an exclusion of programs and hosts
policy:
include: base.yaml
lists:
  progs: {exclude: [git-lfs]}
  nets: {exclude: [10.1.0.0/16]}
rules:
  - {name: p, match: {program: "list:progs"}}
  - {name: h, match: {host: "list:nets"}}
--
file base.yaml:
lists: {progs: ["git*"], nets: [10.0.0.0/8]}
--
exec git x => deny p
exec git-lfs => allow default
connect addr=10.2.0.1 => deny h
connect addr=10.1.0.1 => allow default

== an empty list matches nothing
policy:
lists: {none: []}
rules:
  - {name: a, block: "list:none"}
  - {name: b, match: {program: "list:none", flags: [-r]}}
  - {name: c, allow: "list:none", lifts: d}
  - {name: d, block: /x}
--
read /y => allow default
exec rm -r => allow default
read /x => deny d

== items and what is none of them
policy:
lists: {away: {items: ["*"], exclude: [localhost, 127.0.0.0/8]}}
rules:
  - {name: p, match: {host: "list:away"}}
--
connect example.com => deny p
connect localhost => allow default
connect addr=127.1.2.3 => allow default

== no such list
policy:
rules:
  - {name: p, block: "list:nowhere"}
--
error => policy.yaml:2:22: there is no list 'nowhere'

== nothing to change
policy:
lists: {nowhere: {append: [x]}}
--
error => policy.yaml:1:9: there is no list 'nowhere' to change

== a list of lists
policy:
lists: {a: [x], b: ["list:a"]}
rules:
  - {name: p, match: {program: "list:b"}}
--
error => policy.yaml:1:21: a list cannot hold a list

== a wrong item is wrong where it stands
policy:
lists:
  a: ["/x", "/["]
rules:
  - {name: p, block: "list:a"}
--
error => policy.yaml:2:13: unclosed '['

== a list's name
policy:
lists: {A b: [x]}
--
error => policy.yaml:1:9: a list's name has at most 64 of a-z 0-9 -

== unknown key in a change
policy:
lists: {a: [x]}
include: base.yaml
--
file base.yaml:
lists: {b: [x]}
--
read /x => allow default

== append and something else
builtin
policy:
lists: {sensitive-paths: {appnd: [x]}}
--
error => policy.yaml:1:27: unknown key 'appnd'; expected one of items, append, exclude

== a list as a map of maps
builtin
policy:
lists: {sensitive-paths: {append: {a: b}}}
--
error => policy.yaml:1:35: expected a list of texts

== an exception from a list that has exceptions
policy:
include: base.yaml
lists: {a: {exclude: [/a/b]}}
rules:
  - {name: p, block: "/**", except: "list:a"}
--
file base.yaml:
lists: {a: ["/a/**"]}
--
error => policy.yaml:4:37: a list that excludes something cannot be an exception

== a project has lists of its own
project:
lists: {mine: [/a]}
rules:
  - {name: p, block: "list:mine"}
--
read /a => deny p

== but changes none of the user's
policy:
lists: {theirs: [/a]}
rules:
  - {name: p, block: "list:theirs"}
--
project:
lists: {theirs: {exclude: [/a]}}
--
error => project.yaml:1:9: a project's file may not change the list 'theirs'

== nor replaces one
policy:
lists: {theirs: [/a]}
--
project:
lists: {theirs: []}
--
error => project.yaml:1:9: a project's file may not change the list 'theirs'

== nor helps a rule of the user's out
policy:
rules:
  - {name: p, block: "list:mine"}
--
project:
lists: {mine: [/a]}
--
error => policy.yaml:2:22: there is no list 'mine'

== nor a built-in one
builtin
project:
lists: {mcp-servers: [evil]}
--
error => project.yaml:1:9: a project's file may not change the list 'mcp-servers'

== built-in lists can be used
builtin
policy:
lists: {allowed-executables: {append: [my-tool]}}
rules:
  - {name: p, effect: ask, match: {program_not_in: allowed-executables}}
--
exec my-tool => allow default
exec python3.11 x => allow default
exec [ a ] => allow default
exec xprog => ask p
