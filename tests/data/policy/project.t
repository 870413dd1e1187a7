== a project tightens
policy:
default: {read: allow, write: workspace}
rules:
  - {name: a, allow: "/opt/**"}
--
project:
version: 1
default: {connect: ask, exec: ask, write: ask}
rules:
  - {name: p, block: "/opt/x"}
  - {name: q, ask: "**/*.lock"}
--
read /opt/x => deny p
read /opt/y => allow a
read /a.lock => ask q
write /home/u/src/demo/a.lock => ask q
write /etc/a.lock => deny default
write /etc/a => deny default
write /home/u/src/demo/a => ask default
connect x.example => ask default
exec ls => ask default

== a project's ask does not soften a default deny of the user's
policy:
default: {connect: deny}
--
project:
rules: [{name: q, ask: true, actions: [connect]}]
--
connect x.example => deny default

== a project may not allow
project:
rules:
  - allow: "/x"
--
error => project.yaml:2:5: a project's file may only block and ask

== nor by effect
project:
rules:
  - {name: x, match: {path: /x}, effect: allow}
--
error => project.yaml:2:5: a project's file may only block and ask

== nor lift
project:
rules:
  - {ask: "/x", lifts: y}
--
error => project.yaml:2:24: a project's file may not use lifts

== nor lock, nor spare, nor inspect
project:
rules:
  - {block: "/x", locked: true}
--
error => project.yaml:2:27: a project's file may not use locked

== unless_by
project:
rules:
  - {block: "/x", unless_by: /bin/x}
--
error => project.yaml:2:30: a project's file may not use unless_by

== inspect
project:
rules:
  - {block: "/x", inspect: git-config}
--
error => project.yaml:2:28: a project's file may not use inspect

== nor loosen a default
policy:
default: {connect: ask}
--
project:
default: {connect: allow}
--
error => project.yaml:1:20: a project's file may not loosen the default for connect

== nor keep variables
project:
env:
  keep: [X]
--
error => project.yaml:2:9: a project's file may not set env 'keep'

