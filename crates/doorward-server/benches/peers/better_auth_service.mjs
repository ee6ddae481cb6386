// Better Auth with its adapter for memory: no database, which favours it. One process, since its sessions are in there.
import http from 'node:http';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';

const port = Number(process.env.PORT);
const auth = betterAuth({
  baseURL: `http://127.0.0.1:${port}`,
  secret: 'a key for the benchmark, no secret, long enough',
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});
const handler = toNodeHandler(auth);

http
  .createServer((request, response) => {
    if (request.url.startsWith('/api/auth/')) return handler(request, response);
    const body = JSON.stringify({ message: 'Hello, x!' });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    return response.end(body);
  })
  .listen(port, '127.0.0.1');
