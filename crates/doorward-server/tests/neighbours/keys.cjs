// jose's opinion of the published keys; what is read and written is that of keys.py.
"use strict";

const jose = require("jose");

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const asked = JSON.parse(Buffer.concat(chunks).toString());
  const set = jose.createRemoteJWKSet(new URL(asked.url));
  const { issuer, audience } = asked;

  async function verdict(token) {
    try {
      const { payload } = await jose.jwtVerify(token, set, {
        issuer,
        audience,
        algorithms: ["ES256", "EdDSA", "RS256"],
        requiredClaims: ["exp", "iat", "iss", "aud", "sub"],
      });
      return payload;
    } catch (error) {
      return error.code;
    }
  }

  async function forged(token) {
    const header = jose.decodeProtectedHeader(token);
    const { privateKey } = await jose.generateKeyPair(header.alg);
    return new jose.SignJWT(jose.decodeJwt(token)).setProtectedHeader(header).sign(privateKey);
  }

  const answer = { thumbprints: {}, pems: {}, tokens: [], forged: [] };
  for (const jwk of asked.keys) {
    const key = await jose.importJWK(jwk, jwk.alg, { extractable: true });
    answer.thumbprints[jwk.kid] = await jose.calculateJwkThumbprint(await jose.exportJWK(key));
    answer.pems[jwk.kid] = await jose.exportSPKI(key);
  }
  for (const token of asked.tokens) {
    answer.tokens.push(await verdict(token));
    answer.forged.push(await verdict(await forged(token)));
  }
  process.stdout.write(JSON.stringify(answer));
}

main();
