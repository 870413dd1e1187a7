// smoke - node's fs, child_process, net, http, worker_threads, cluster and watch; prints what it saw.
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import net from 'node:net';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import dgram from 'node:dgram';
import dns from 'node:dns/promises';
import zlib from 'node:zlib';
import { exec, execFile, execFileSync, fork, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const me = fileURLToPath(import.meta.url);
const say = (what, x) => console.log(what + ':', typeof x === 'string' ? x : JSON.stringify(x));
const code = async f => { try { await f(); return 'ok'; } catch (e) { return e.code; } };

if (!isMainThread) {
  const file = `worker-${workerData}`;
  fs.writeFileSync(file, 'w'.repeat(workerData));
  parentPort.postMessage(fs.statSync(file).size + execFileSync('echo', ['from a worker']).length);
  fs.unlinkSync(file);
} else if (process.argv[2] === 'child') {
  process.on('message', m => { process.send({ got: m, cwd: path.basename(process.cwd()) }, () => process.disconnect()); });
} else {
  await main();
}

async function files() {
  await fsp.mkdir('a/b/c', { recursive: true });
  await Promise.all(Array.from({ length: 200 }, (_, i) => fsp.writeFile(`a/b/f${i}`, `file ${i}\n`)));
  say('readdir', (await fsp.readdir('a/b')).length);
  say('sum', (await Promise.all(Array.from({ length: 200 }, (_, i) => fsp.readFile(`a/b/f${i}`, 'utf8')))).join('').length);
  await fsp.rename('a/b/f1', 'a/b/c/renamed');
  await fsp.symlink('c/renamed', 'a/b/link');
  say('readlink', await fsp.readlink('a/b/link'));
  say('realpath', (await fsp.realpath('a/b/link')).endsWith('a/b/c/renamed'));
  say('realpath native', fs.realpathSync.native('a/b/link').endsWith('a/b/c/renamed'));
  await fsp.link('a/b/f2', 'a/b/hard');
  say('nlink', (await fsp.stat('a/b/hard')).nlink);
  await fsp.chmod('a/b/f3', 0o640);
  say('mode', ((await fsp.stat('a/b/f3')).mode & 0o777).toString(8));
  await fsp.utimes('a/b/f3', 1e9, 1e9);
  say('mtime', (await fsp.stat('a/b/f3')).mtimeMs);
  await fsp.truncate('a/b/f4', 2);
  await fsp.appendFile('a/b/f4', 'more');
  say('appended', await fsp.readFile('a/b/f4', 'utf8'));
  await fsp.copyFile('a/b/f5', 'a/b/copy', fs.constants.COPYFILE_EXCL);
  say('copy again', await code(() => fsp.copyFile('a/b/f5', 'a/b/copy', fs.constants.COPYFILE_EXCL)));
  await fsp.cp('a', 'z', { recursive: true });
  say('cp', (await fsp.readdir('z/b')).length);
  say('missing', await code(() => fsp.readFile('missing')));
  say('is a directory', await code(() => fsp.readFile('a')));
  say('not a directory', await code(() => fsp.readFile('a/b/f5/x')));
  say('rmdir full', await code(() => fsp.rmdir('a')));
  say('access', await code(() => fsp.access('a', fs.constants.W_OK)));
  say('statfs', (await fsp.statfs('.')).bsize > 0);
  const h = await fsp.open('handle', 'wx+');
  await h.write('0123456789');
  const r = await h.read(Buffer.alloc(4), 0, 4, 3);
  say('handle', r.buffer.toString());
  await h.sync();
  await h.chmod(0o600);
  await h.close();
  await pipeline(fs.createReadStream(process.execPath, { end: 1 << 20 }), zlib.createGzip(), zlib.createGunzip(), fs.createWriteStream('streamed'));
  say('streamed', fs.statSync('streamed').size);
  say('hash', createHash('sha256').update(fs.readFileSync('streamed')).digest('hex').length);
  const tmp = await fsp.mkdtemp(path.join(os.tmpdir(), 'smoke-'));
  await fsp.rm(tmp, { recursive: true });
  await fsp.rm('z', { recursive: true });
  const d = await fsp.opendir('a/b/c');
  const names = [];
  for await (const e of d) names.push(e.name);
  say('opendir', names);
}

async function watch() {
  const ac = new AbortController();
  const seen = [];
  const w = (async () => { try { for await (const e of fsp.watch('.', { signal: ac.signal })) { if (e.filename === 'watched') { seen.push(e.eventType); if (seen.length >= 2) ac.abort(); } } } catch { /* aborted */ } })();
  await new Promise(r => setTimeout(r, 50));
  fs.writeFileSync('watched', 'x');
  setTimeout(() => ac.abort(), 3000).unref();
  await w;
  say('watch', seen.slice(0, 2));
}

async function processes() {
  const p = promisify(exec);
  say('exec', (await p('echo out; echo err >&2')).stdout);
  say('status', await code(() => p('exit 7')));
  say('missing program', await code(() => promisify(execFile)('/no/such')));
  say('not executable', await code(() => promisify(execFile)('./handle')));
  say('spawnSync', spawnSync('cat', { input: 'input' }).stdout.toString());
  const many = await Promise.all(Array.from({ length: 30 }, (_, i) => promisify(execFile)('sh', ['-c', `echo ${i}`])));
  say('30 at once', many.map(x => x.stdout.trim()).join(' '));
  const k = spawn('sleep', ['30']);
  k.kill('SIGINT');
  say('killed', (await once(k, 'exit'))[1]);
  const s = spawn('sh', ['-c', 'read x; echo got $x; exit 5'], { stdio: ['pipe', 'pipe', 'inherit'] });
  s.stdin.end('line\n');
  s.stdout.setEncoding('utf8');
  let text = '';
  s.stdout.on('data', x => { text += x; });
  say('exit', (await once(s, 'close'))[0] + ' ' + text.trim());
  const f = fork(me, ['child'], { cwd: 'a' });
  f.send({ x: 1 });
  say('fork', (await once(f, 'message'))[0]);
  await once(f, 'exit');
  const detached = spawn('sh', ['-c', 'echo $PPID >detached-ran'], { detached: true, stdio: 'ignore' });
  await once(detached, 'exit');
  fs.unlinkSync('detached-ran');
  say('shell', execFileSync('bash', ['-c', 'echo ${BASH_VERSION:+bash}']).toString().trim());
}

async function sockets() {
  for (const where of [{ port: 0, host: '127.0.0.1' }, { port: 0, host: '::1' }, { path: path.resolve('node.sock') }]) {
    const server = net.createServer(c => c.end('hi\n')).listen(where);
    const err = await Promise.race([once(server, 'listening').then(() => 0), once(server, 'error').then(([e]) => e.code)]);
    if (err) { say('listen', err); continue; }
    const a = server.address();
    const c = net.connect(typeof a === 'string' ? { path: a } : { port: a.port, host: a.address });
    say('net', (await once(c, 'data'))[0].toString().trim());
    server.close();
  }
  const web = http.createServer((q, r) => { q.pipe(r); }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  const url = `http://127.0.0.1:${web.address().port}/`;
  const bodies = await Promise.all(Array.from({ length: 20 }, (_, i) => fetch(url, { method: 'POST', body: `body ${i}` }).then(x => x.text())));
  say('fetch', bodies.join());
  say('localhost', await (await fetch(url.replace('127.0.0.1', 'localhost'), { method: 'POST', body: 'by name' }).then(x => x.text(), e => e.cause?.code)));
  web.close();
  web.closeAllConnections();
  say('refused', await code(async () => { await once(net.connect(web.address()?.port ?? 1, '127.0.0.1'), 'connect'); }));
  const u = dgram.createSocket('udp4');
  u.bind(0, '127.0.0.1');
  await once(u, 'listening');
  u.send('datagram', u.address().port, '127.0.0.1');
  say('udp', (await once(u, 'message'))[0].toString());
  u.close();
  say('lookup', (await dns.lookup('localhost', { family: 4 })).address);
}

async function main() {
  await files();
  await watch();
  await processes();
  await sockets();
  const sizes = await Promise.all([1, 2, 3, 4].map(n => new Promise((res, rej) => { const w = new Worker(me, { workerData: n }); w.on('message', res); w.on('error', rej); })));
  say('workers', sizes);
  say('random', randomBytes(8).length);
  say('user', os.userInfo().username === process.env.USER);
  process.exitCode = 3;
}
