// jose verifies tokens by the published keys; arguments, input and output are those of watch.py. It asks for the set no
// sooner than it has grown old, not even for a key that is not in it.
"use strict";

const jose = require("jose");
const readline = require("node:readline");

async function main() {
  const [url, issuer, kept] = process.argv.slice(2);
  let fetches = 0;
  const set = jose.createRemoteJWKSet(new URL(url), {
    cacheMaxAge: kept * 1000,
    cooldownDuration: kept * 1000,
    [jose.customFetch]: (...request) => {
      fetches += 1;
      return fetch(...request);
    },
  });

  async function verdict(token) {
    try {
      await jose.jwtVerify(token, set, {
        issuer,
        algorithms: ["ES256", "EdDSA", "RS256"],
        requiredClaims: ["exp", "iat", "iss"],
      });
      return "good";
    } catch (error) {
      return `${error.code}: ${error.message}`;
    }
  }

  console.log(`jose ${require("jose/package.json").version}, createRemoteJWKSet`);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(await verdict(line));
  }
  console.log(fetches);
}

main();
