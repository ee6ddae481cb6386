'use strict'
// An Express service that lets doorward's users in, with jose.

const express = require('express')
const { errors, jwtVerify } = require('jose')
const { ALGORITHMS, Revocations, Unavailable } = require('../node/doorward-revocations.cjs')

const url = process.env.DOORWARD_URL
const revocations = new Revocations(url)

/** Puts the claims of a good token into `request.caller`. */
async function bearer(request, response, next) {
  const [scheme, token] = (request.get('Authorization') ?? '').split(' ')
  if (scheme !== 'Bearer' || !token) return refuse(response, 401, 'Authentication token is missing')
  try {
    const { payload } = await jwtVerify(token, revocations.keys, {
      algorithms: ALGORITHMS,
      issuer: url,
      audience: 'notes',
      requiredClaims: ['exp', 'iat', 'sub', 'jti'],
    })
    if (revocations.refuses(payload)) return refuse(response, 401, 'Invalid token')
    request.caller = payload
  } catch (error) {
    // A server that can't be reached is no fault of the token.
    const unavailable = error instanceof Unavailable || error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)
    return unavailable ? refuse(response, 503, 'Service unavailable') : refuse(response, 401, 'Invalid token')
  }
  next()
}

function refuse(response, status, error) {
  if (status === 401) response.set('WWW-Authenticate', 'Bearer')
  response.status(status).json({ error })
}

/** Demands a permission of the caller. */
const permission = (name) => (request, response, next) =>
  (request.caller.scope ?? '').split(' ').includes(name) ? next() : refuse(response, 403, 'Only editors may do this')

const app = express()
app.get('/whoami', bearer, (request, response) => {
  response.json({ user: request.caller.username, role: request.caller.role })
})
app.get('/edit', bearer, permission('notes:write'), (request, response) => {
  response.json({ edited: true })
})
app.listen(Number(process.env.PORT), '127.0.0.1')
