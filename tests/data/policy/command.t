== programs, arguments, flags, texts
policy:
rules:
  - {name: push, match: {program: git, argv: push, flags: --force}}
  - {name: sudo, match: {program: ["sudo", "su", "doas"]}}
  - {name: path, match: {program: "/opt/bad/**"}}
  - {name: py, match: {program: "python*", argv: ["-c", "*socket*"]}}
  - {name: priv, match: {program: docker, argv: ["run", "re:^--privileged"]}}
  - {name: text, match: {command: ["DROP TABLE", "re:curl .*\\| *sh"]}}
  - {name: del, match: {program: find, flags: -delete}}
  - {name: chm, match: {program: chmod, flags: --recursive, argv: ["777"]}}
  - {name: cluster, match: {program: tar, flags: -xP}}
  - {name: lim, match: {program: lim, command: 're:^(a|aa|lim|.)+\1$'}}
--
exec git push -f => deny push
exec git push origin main --force => deny push
exec git push --force=x => deny push
exec git -C /x push -uf => deny push
exec git push origin => allow default
exec git log --format=x => allow default
exec sudo ls => deny sudo
exec @/usr/bin/sudo ls => deny sudo
exec @/tmp/x sudo => deny sudo
exec /opt/bad/a/b => deny path
exec @/usr/bin/x /opt/bad/b => deny path
exec /opt/good => allow default
exec python3 -c import\ssocket => deny py
exec python3.11 -c import\sos => allow default
exec docker run --privileged x => deny priv
exec docker run x => allow default
exec psql -c drop\stable\sx => deny text
exec bash -c curl\sx\s|\ssh => deny text
exec bash -e -o pipefail -c curl\sx\s|\ssh => deny text
exec bash script -c sudo => allow default
exec sh -c sudo\sls => deny sudo
exec sh -ec sudo\sls => deny sudo
exec bash --norc --rcfile x -c sudo\sls => deny sudo
exec sh -c -- sudo\sls => deny sudo
exec sh -c ls;\ssudo => allow default
exec find . -delete => deny del
exec find . -name delete => allow default
exec chmod -R 777 x => deny chm
exec chmod 777 x => allow default
exec tar -x -P => deny cluster
exec tar -Pxf a => deny cluster
exec tar -xf a => allow default
exec busybox chmod -R 777 x => deny chm
exec lim aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab => deny lim
read /opt/bad/x => allow default

== an allow-list of programs; an allow rule whose regex gives up does not allow
policy:
default: {exec: deny}
rules:
  - {name: ok, effect: allow, match: {program: [ls, "/usr/lib/**"]}}
  - {name: lim, effect: allow, match: {command: 're:^lim (a|aa|.)+\1$'}}
--
exec ls => allow ok
exec rm => deny default
exec @/usr/lib/x y => allow ok
exec lim aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab => deny default
