'use strict'
// An Express service that lets doorward's users in, with express-jwt and jwks-rsa.

const express = require('express')
const { expressjwt } = require('express-jwt')
const jwksRsa = require('jwks-rsa')
const { Revocations, Unavailable } = require('../node/doorward-revocations.cjs')

const url = process.env.DOORWARD_URL
const revocations = new Revocations(url)

const bearer = expressjwt({
  secret: jwksRsa.expressJwtSecret({ jwksUri: `${url}/.well-known/jwks.json`, cache: true, rateLimit: true }),
  // It knows no EdDSA.
  algorithms: ['ES256', 'RS256'],
  issuer: url,
  audience: 'notes',
  // It takes a token without an end for one that lasts for ever.
  isRevoked: async (_, token) => token.payload.exp === undefined || revocations.refuses(token.payload),
})

/** Demands a permission of the caller. */
const permission = (name) => (request, response, next) =>
  (request.auth.scope ?? '').split(' ').includes(name)
    ? next()
    : response.status(403).json({ error: 'Only editors may do this' })

const app = express()
app.get('/whoami', bearer, (request, response) => {
  response.json({ user: request.auth.username, role: request.auth.role })
})
app.get('/edit', bearer, permission('notes:write'), (request, response) => {
  response.json({ edited: true })
})
app.use((error, request, response, next) => {
  const bad = error.name === 'UnauthorizedError' || error.name === 'SigningKeyNotFoundError'
  const away = error instanceof Unavailable || error.name === 'JwksError' || error.name === 'JwksRateLimitError'
  if (bad) response.status(401).set('WWW-Authenticate', 'Bearer').json({ error: 'Invalid token' })
  else if (away) response.status(503).json({ error: 'Service unavailable' })
  else next(error)
})
app.listen(Number(process.env.PORT), '127.0.0.1')
