== block over ask over allow over default, whatever the order
policy:
rules:
  - {name: a, allow: "/d/**"}
  - {name: k, ask: "/d/k/**"}
  - {name: b, block: "/d/k/b/**"}
--
read /d/x => allow a
write /d/x => allow a
read /d/k/x => ask k
read /d/k/b/x => deny b
write /e => deny default

== the other order
policy:
rules:
  - {name: b, block: "/d/k/b/**"}
  - {name: k, ask: "/d/k/**"}
  - {name: a, allow: "/d/**"}
--
read /d/x => allow a
read /d/k/x => ask k
read /d/k/b/x => deny b

== severity, then order
policy:
rules:
  - {name: low, block: "/d", severity: low}
  - {name: high1, block: "/d"}
  - {name: high2, block: "/d"}
  - {name: crit, block: "/d", actions: write, severity: critical}
--
read /d => deny high1
write /d/x => deny crit

== except belongs to its own rule
policy:
rules:
  - {name: one, block: "/d/**", except: ["/d/ok", "/d/*.pub"]}
  - {name: two, block: "/d/ok/deep"}
  - {name: three, block: {paths: ["/e/**"], except: "/e/x", hosts: ["h.example"]}}
--
read /d/x => deny one
read /d/ok => allow default
read /d/ok/x => allow default
read /d/ok/deep => deny two
read /d/a.pub => allow default
read /e/y => deny three
read /e/x => allow default
connect h.example => deny three
connect unix:/e/y => deny three
connect unix:/e/x => allow default

== actions
policy:
rules:
  - {name: r, block: "/r", actions: [copy]}
  - {name: m, block: "/m", actions: move}
  - {name: x, block: "/x", actions: [execute, network]}
  - {name: all, block: "/all", actions: [all]}
  - {name: l, block: "/l", actions: [list]}
--
read /r => deny r
list /r => allow default
write /m => deny default
delete /m => deny m
exec @/x x => deny x
connect unix:/x => deny x
read /x => allow default
list /all => deny all
exec @/all/y y => deny all
list /l => deny l
read /l => allow default

== defaults; list follows read, delete follows write
policy:
default: {read: workspace, write: ask, exec: deny, connect: ask}
rules:
  - {name: a, allow: "/opt/**", actions: [exec]}
--
read /home/u/src/demo/x => allow default
list /home/u/src/demo => allow default
read /home/u/src/demo2 => deny default
list / => deny default
write /x => ask default
delete /x => ask default
exec ls => deny default
exec @/opt/bin/x x => allow a
connect a.example => ask default
connect unix:/x => ask default

== later files win; includes
file inc.yaml:
default: {read: deny, connect: deny}
rules: [{name: inc, block: "/inc"}]
--
policy:
include: [inc.yaml, inc.yaml, "none.yaml?"]
default: {read: allow}
--
read /x => allow default
read /inc => deny inc
connect x.example => deny default

== lifts
policy:
rules:
  - {name: env, block: "**/.env"}
  - {name: all, block: "/deep/**"}
  - {name: mine, allow: "~/src/demo/.env", lifts: env, actions: [read]}
  - {name: asks, ask: "/q/.env", lifts: [env]}
  - {name: two, allow: "/deep/.env", lifts: env}
--
read /home/u/src/demo/.env => allow mine
write /home/u/src/demo/.env => deny env
read /q/.env => ask asks
read /deep/.env => deny all
read /x/.env => deny env
boundary /home/u/src/demo /x => differs env
boundary /x /q => differs env
boundary /x /y => same

== a rule that is switched off, and rules without patterns
policy:
rules:
  - {name: off, block: "/x", enabled: false}
  - {name: net, ask: true, actions: [connect]}
  - {name: home, allow: true, actions: [write], match: {path: "~/**"}}
--
read /x => allow default
connect x.example => ask net
connect unix:/x => ask net
write /home/u/x => allow home
write /x => deny default

== regexes on paths
policy:
rules:
  - {name: re, match: {path: ["re:\\.(key|pem)$", "/plain/*"]}, except: "re:^/pub/"}
  - {name: both, block: "/b/**", match: {path: "re:x$"}}
  - {name: slow, match: {path: 're:^(a|a|/|.)*\1\1$'}, actions: [delete]}
--
read /a/b.key => deny re
read /a/b.keys => allow default
read /plain/x => deny re
read /pub/b.key => allow default
read /b/x => deny both
read /b/y => allow default
read /c/x => allow default
boundary /a /b => differs re
delete /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab => deny slow

== unless_by and inspect
policy:
rules:
  - {name: git, block: "**/.git/**", actions: [write], unless_by: ["/usr/bin/git", "/usr/lib/git-core/**"]}
  - {name: cfg, block: "**/.git/config", actions: [write, delete], inspect: git-config}
--
write /home/u/src/demo/.git/x => deny git wants_by
by /usr/bin/git write /home/u/src/demo/.git/x => allow default
by /usr/bin/sh write /home/u/src/demo/.git/x => deny git
by /usr/bin/git write /home/u/src/demo/.git/config => deny cfg inspect
by /usr/bin/git delete /home/u/src/demo/.git/config => deny cfg inspect
by /usr/bin/git write /other/.git/config => deny cfg
by /usr/bin/git write /other/.git/x => deny default

== an inspecting rule never hides another
policy:
rules:
  - {name: cfg, block: "**/.git/config", inspect: git-config, severity: critical}
  - {name: mine, block: "~/src/demo/a/.git/**"}
  - {name: asks, ask: "~/src/demo/b/.git/**"}
--
write /home/u/src/demo/.git/config => deny cfg inspect
write /home/u/src/demo/a/.git/config => deny cfg
write /home/u/src/demo/b/.git/config => deny cfg

== boundary
policy:
rules:
  - {name: env, block: "**/.env"}
  - {name: git, block: "**/.git/hooks/**"}
  - {name: ssh, block: "~/.ssh"}
  - {name: pem, ask: "**/*.pem", actions: [read]}
  - {name: cfg, block: "**/.vscode/{a,b}*.json"}
--
boundary /w/a/b /w/a/c => same
boundary /w/a /w/x/y/z => same
boundary /w/.git /w/x => differs git
boundary /w/.gitx /w/x => same
boundary /w/.git/hooks /w/.git/h2 => differs git
boundary /w/.git/hooks/a /w/.git/hooks/b => same
boundary /w/.git/refs /w/.git/refs2 => same
boundary /w/.env /w/x => differs env
boundary /w/x.pem /w/y => differs pem
boundary /w/x.pem /w/y.pem => same
boundary /home/u/.ssh /home/u/x => differs ssh
boundary /home/u /home/v => differs ssh
boundary /home /home2 => differs ssh
boundary /home/v /home/w => same
boundary /w/.vscode /w/.v => differs cfg
boundary / /w => differs ssh

== suggestions
policy:
default: {connect: deny}
rules:
  - {name: rm, match: {program: rm, flags: -r}}
  - block: "/d/**"
--
write /etc/a*b => deny default suggest {allow: "/etc/a\\*b", actions: [write]}
exec rm -r a.b => deny rm suggest {name: allow-command, match: {command: "re:^rm \\-r a\\.b$"}, effect: allow, lifts: rm}
connect x.example port=443 => deny default suggest {name: allow-destination, match: {host: "x.example:443"}, effect: allow}
connect addr=::1 port=80 => deny default suggest {name: allow-destination, match: {host: "[::1]:80"}, effect: allow}
read /d/x => deny policy.yaml:4 suggest {allow: "/d/x", lifts: "policy.yaml:4", actions: [read]}
read /d/\xff\x0a => deny policy.yaml:4 suggest {allow: "/d/?\x0a", lifts: "policy.yaml:4", actions: [read]}
