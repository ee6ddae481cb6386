// Express with jsonwebtoken, scrypt from Node's own crypto, and users in the memory of each worker: no database, which
// favours it. As many workers as there are cores.
const cluster = require('node:cluster');
const os = require('node:os');
const { promisify } = require('node:util');
const crypto = require('node:crypto');

const SECRET = 'a key for the benchmark, no secret, long enough';

if (cluster.isPrimary) {
  for (let core = 0; core < os.availableParallelism(); core += 1) cluster.fork();
} else {
  const express = require('express');
  const jwt = require('jsonwebtoken');
  const scrypt = promisify(crypto.scrypt);
  const users = new Map();
  const app = express();

  app.use(express.json());
  app.get('/hello/:name', (request, response) => response.json({ message: `Hello, ${request.params.name}!` }));
  // The claims of the request's token, or null.
  const claims = (request) => {
    const [scheme, token] = (request.get('authorization') || '').split(' ');
    try {
      return scheme === 'Bearer' ? jwt.verify(token, SECRET, { algorithms: ['HS256'] }) : null;
    } catch {
      return null;
    }
  };
  app.get('/protected', (request, response) => {
    const found = claims(request);
    if (!found) return response.status(401).json({ error: 'Invalid token' });
    return response.json({ message: `Hello, ${found.username}. This is a protected route.` });
  });
  app.get('/protected-basic', (request, response) => {
    const [scheme, pair] = (request.get('authorization') || '').split(' ');
    if (scheme !== 'Basic' || Buffer.from(pair, 'base64').toString() !== 'admin:secret123') {
      return response.status(401).json({ error: 'Unauthorized' });
    }
    return response.json({ message: 'Hello, admin!' });
  });
  // A page of users to list.
  for (let number = 0; number < 100; number += 1) users.set(`una-${number}`, {});
  app.get('/users', (request, response) => {
    if (!claims(request)) return response.status(401).json({ error: 'Invalid token' });
    const page = Array.from(users.keys()).slice(0, 100);
    return response.json(page.map((username, id) => ({ id, username, role: 'user' })));
  });
  const hashed = async (password, salt) => scrypt(password, salt, 64);
  const register = async (username, password) => {
    const salt = crypto.randomBytes(16);
    users.set(username, { salt, hash: await hashed(password, salt) });
  };
  app.post('/register', async (request, response) => {
    if (users.has(request.body.username)) return response.status(409).json({ error: 'Username already exists' });
    await register(request.body.username, request.body.password);
    return response.status(201).json({ message: 'registered' });
  });
  app.post('/login', async (request, response) => {
    const { username, password } = request.body;
    const user = users.get(username);
    if (!user || !crypto.timingSafeEqual(await hashed(password, user.salt), user.hash)) {
      return response.status(401).json({ error: 'Invalid username or password' });
    }
    return response.json({ token: jwt.sign({ username }, SECRET, { expiresIn: '1h' }) });
  });
  // Each worker knows the user who logs in.
  register('una@example.org', 'correct horse battery staple').then(() => app.listen(Number(process.env.PORT), '127.0.0.1'));
}
