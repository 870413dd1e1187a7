== the first examples of DESIGN section 5, as they stand
policy:
rules:
  - block: "**/.env"
  - block: "**/.ssh/id_*"
    except: "**/*.pub"
  - name: block-rm-rf
    match:
      command: "re:rm\\s+-rf\\s+/"
    message: "Blocked: destructive command"
--
read /home/u/x/.env => deny policy.yaml:2
read /.env => deny policy.yaml:2
list /x/.env/sub => deny policy.yaml:2
read /home/u/x/.env.example => allow default
read /home/u/.ssh/id_rsa => deny policy.yaml:3
read /home/u/.ssh/id_rsa.pub => allow default
read /home/u/.ssh/config => allow default
read /home/u/.ssh/id_d/x => allow default
exec rm -rf / => deny block-rm-rf
exec rm -rf /x => deny block-rm-rf
exec rm -rf x => allow default
exec sh -c rm\s-rf\s/ => deny block-rm-rf
write /home/u/src/demo/a => allow default
write /home/u/src/demo => allow default
write /home/u/src/demox => deny default
write /etc/x => deny default
delete /etc/x => deny default
connect example.com port=443 => allow default

== the spellings of the rest
policy:
default: {read: allow, write: workspace, connect: allow}
rules:
  - name: protect-env-files
    block: "**/.env"
  - name: rc-files
    block: ["~/.bashrc", "~/.zshrc"]
    actions: [write, delete]               # read write delete list exec connect
  - name: docker
    block: "/run/docker.sock"              # a path rule also covers connecting to a socket there
  - name: metadata
    match: {host: "169.254.169.254"}       # name, *.name, address, CIDR, any of them with :port, unix:/path, unix:@abstract
  - name: destructive-rm
    match: {program: rm, flags: [-r, -f]}  # any spelling and order of the flags
    message: "Use trash, or remove files one by one."
  - name: my-dotfiles
    ask: "~/.config/**"
    actions: [write]
  - name: test-env
    allow: "~/src/demo/.env"
    lifts: protect-env-files
--
write /home/u/.bashrc => deny rc-files
delete /home/u/.zshrc => deny rc-files
read /home/u/.bashrc => allow default
connect unix:/run/docker.sock => deny docker
read /run/docker.sock => deny docker
connect addr=169.254.169.254 => deny metadata
connect 169.254.169.254 port=80 => deny metadata
connect addr=::ffff:169.254.169.254 => deny metadata
connect addr=169.254.169.253 => allow default
exec rm -rf x => deny destructive-rm
exec rm -fr x => deny destructive-rm
exec rm -r -f x => deny destructive-rm
exec rm --force -R x => deny destructive-rm
exec rm --recursive --force x => deny destructive-rm
exec rm --recur x --forc => deny destructive-rm
exec rm x -rvf => deny destructive-rm
exec rm -r x => allow default
exec rm -- -rf => allow default
exec /bin/rm -rf x => deny destructive-rm
exec @/usr/bin/rm innocent -rf x => deny destructive-rm
exec @/usr/bin/other rm -rf x => deny destructive-rm
exec bash -lc rm\s-rf\sx => deny destructive-rm
exec busybox rm -rf x => deny destructive-rm
write /home/u/.config/x/y => ask my-dotfiles
read /home/u/.config/x/y => allow default
write /home/u/.config => deny default
read /home/u/src/demo/.env => allow test-env
write /home/u/src/demo/.env => allow test-env
read /home/u/src/demo/a/.env => deny protect-env-files
read /home/u/src/other/.env => deny protect-env-files suggest {allow: "~/src/other/.env", lifts: protect-env-files, actions: [read]}
