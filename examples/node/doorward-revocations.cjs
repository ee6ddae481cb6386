'use strict'
// Follows doorward's list of revocations, for a Node.js service that verifies tokens itself.

const { createRemoteJWKSet, jwtVerify } = require('jose')

// Never what the token says alone (RFC 8725, section 3.1).
const ALGORITHMS = ['ES256', 'EdDSA', 'RS256']
// How often the list is asked for, and how long the longest token can live, in milliseconds.
const POLL = 1000
const KEEP = 24 * 3600 * 1000

/** Nobody can tell whether the token is good: answer 503, not 401. */
class Unavailable extends Error {}

class Revocations {
  constructor(url) {
    this.url = url
    /** The published keys, for `jwtVerify` of jose. */
    this.keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`))
    this.sessions = new Map()
    this.epochs = new Map()
    this.cursor = 0
    this.trustedUntil = 0
    this.follow()
  }

  /** Whether a token with these claims counts no more. */
  refuses(claims) {
    if (Date.now() > this.trustedUntil) throw new Unavailable('no list of revocations has come in time')
    const lowest = this.epochs.get(claims.user_id ?? claims.owner_id)?.epoch ?? 0
    return this.sessions.has(claims.sid) || (claims.epoch ?? 0) < lowest
  }

  async follow() {
    try {
      while (await this.readPage());
    } catch (error) {
      // The server is down: what was known stays known, until it is too old.
      console.error(`revocations were not read: ${error.message}`)
    }
    this.forget()
    setTimeout(() => this.follow(), POLL).unref()
  }

  /** Reads one page; whether there is another. */
  async readPage() {
    const answer = await fetch(`${this.url}/auth/revocations?after=${this.cursor}`, {
      redirect: 'error',
      signal: AbortSignal.timeout(5000),
    })
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
    const { payload: page } = await jwtVerify(await answer.text(), this.keys, {
      algorithms: ALGORITHMS,
      issuer: this.url,
      audience: 'doorward-revocations',
      typ: 'revocations+jwt',
    })
    const until = Date.now() + KEEP
    for (const session of page.sessions) this.sessions.set(session, until)
    for (const [user, epoch] of page.users) {
      const known = this.epochs.get(user)?.epoch ?? 0
      this.epochs.set(user, { epoch: Math.max(known, epoch), until })
    }
    // jose waits up to 30 seconds before it looks for a key that it does not know; the list tells of it before.
    const known = new Set(this.keys.jwks()?.keys.map((key) => key.kid))
    if (known.size !== page.keys.length || page.keys.some((kid) => !known.has(kid))) await this.keys.reload()
    this.cursor = page.cursor
    if (!page.more) this.trustedUntil = page.exp * 1000
    return page.more
  }

  forget() {
    const now = Date.now()
    for (const [session, until] of this.sessions) if (until < now) this.sessions.delete(session)
    for (const [user, { until }] of this.epochs) if (until < now) this.epochs.delete(user)
  }
}

module.exports = { ALGORITHMS, Revocations, Unavailable }
