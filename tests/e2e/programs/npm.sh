# npm: pack a package of ours, install the tarball into another, run its scripts; nothing from outside
# needs: node npm
# limit: 120
# ignore: ^home/\.npm(/|$)
# ignore: ^home/\.cache(/|$)
# ignore: \.package-lock\.json$
export npm_config_update_notifier=false npm_config_audit=false npm_config_fund=false npm_config_offline=true
mkdir -p dep/bin app
cat >dep/package.json <<'E'
{"name": "e2e-dep", "version": "1.2.3", "bin": {"e2e-dep": "bin/cli.js"}, "main": "index.js", "scripts": {"postinstall": "node -e \"require('fs').writeFileSync('postinstalled', 'yes')\""}}
E
echo 'module.exports = x => x + 1;' >dep/index.js
printf '#!/usr/bin/env node\nconsole.log("cli", require("..")(41));\n' >dep/bin/cli.js
chmod +x dep/bin/cli.js
cat >app/package.json <<'E'
{"name": "e2e-app", "version": "0.0.1", "private": true, "scripts": {"test": "e2e-dep && node -p \"require('e2e-dep')(1)\"", "build": "echo built > built.txt"}}
E
(cd dep && npm pack --silent)
cd app
npm install --silent ../dep/e2e-dep-1.2.3.tgz
echo "install $?"
npm test --silent
echo "test $?"
npm run --silent build
cat built.txt node_modules/e2e-dep/postinstalled
echo
npx --no-install e2e-dep
npm ls --all 2>/dev/null | sed 1d
npm ci --silent
echo "ci $?"
npm uninstall --silent e2e-dep
ls node_modules 2>/dev/null
npm run --silent no-such-script >/dev/null 2>&1
echo "missing script $?"
