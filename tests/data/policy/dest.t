== names, addresses, ports
policy:
rules:
  - {name: exact, match: {host: Bad.Example.}}
  - {name: sub, match: {host: "*.evil.example"}}
  - {name: port, match: {host: "*:25"}, effect: ask}
  - {name: hostport, match: {host: "svc.example:8443"}}
  - {name: v4, match: {host: 10.1.2.3}}
  - {name: net, match: {host: 192.168.0.0/16}, except: [192.168.1.1, "192.168.2.0/24"]}
  - {name: v6, match: {host: "fd00::/8"}}
  - {name: v6port, match: {host: "[2001:db8::1]:443"}}
  - {name: odd, match: {host: 0x7f.1}}
  - {name: sock, match: {host: "unix:/run/*.sock"}}
  - {name: abs, match: {host: "unix:@tmp*"}, except: "unix:@tmpok"}
--
connect bad.example => deny exact
connect BAD.example. port=1 => deny exact
connect x.bad.example => allow default
connect a.evil.example => deny sub
connect a.b.evil.example => deny sub
connect evil.example => allow default
connect aevil.example => allow default
connect any.example port=25 => ask port
connect addr=8.8.8.8 port=25 => ask port
connect any.example port=26 => allow default
connect svc.example port=8443 => deny hostport
connect svc.example port=443 => allow default
connect svc.example => allow default
connect addr=10.1.2.3 => deny v4
connect 10.1.2.3 => deny v4
connect 167838211 => deny v4
connect 0xa.0x1.0x2.0x3 => deny v4
connect 012.1.515 => deny v4
connect 10.66051 => deny v4
connect 0x0a010203 => deny v4
connect 10.1.2.3. => deny v4
connect [::ffff:10.1.2.3] => deny v4
connect ::ffff:a01:203 => deny v4
connect 64:ff9b::10.1.2.3 => deny v4
connect ::10.1.2.3 => deny v4
connect 10.1.2.3.4 => allow default
connect 10.1.2.256 => allow default
connect 10.1.2.4 => allow default
connect name.example addr=10.1.2.3 => deny v4
connect bad.example addr=1.1.1.1 => deny exact
connect 192.168.9.9 => deny net
connect 192.168.1.1 => allow default
connect 192.168.2.77 => allow default
connect 192.169.0.1 => allow default
connect fd12::1 => deny v6
connect fd12::1%eth0 => deny v6
connect fe80::1 => allow default
connect 2001:db8::1 port=443 => deny v6port
connect 2001:db8::1 port=80 => allow default
connect 127.0.0.1 => deny odd
connect localhost => allow default
connect 0.0.0.0 => deny odd
connect 0 => deny odd
connect :: => deny odd
connect unix:/run/x.sock => deny sock
connect unix:/run/a/x.sock => allow default
connect unix:@tmpfoo => deny abs
connect unix:@tmpok => allow default
connect unix:@/run/x.sock => allow default
read /run/x.sock => allow default

== an allow-list of destinations
policy:
default: {connect: deny}
rules:
  - {name: ok, effect: allow, match: {host: ["*.github.com:443", "github.com:443", "10.0.0.0/8", "*:53"]}}
  - {name: meta, match: {host: ["169.254.0.0/16", "::ffff:0:0/96"]}, severity: low}
--
connect api.github.com port=443 => allow ok
connect github.com port=443 => allow ok
connect github.com port=22 => deny default
connect xgithub.com port=443 => deny default
connect github.com port=443 addr=169.254.169.254 => deny meta
connect addr=1.2.3.4 port=53 => deny meta
connect addr=2600::1 port=53 => allow ok
connect unix:/run/x => deny default
