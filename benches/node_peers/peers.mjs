// The Node contenders of `make bench`: fast-jwt, with and without its cache, and jose.
//
// Called with the folder that the packages are in and a JSON file of keys and tokens. It reads one command a line, `<contender>
// <verb> <alg> <rounds>`, and answers the nanoseconds of the process's time, or `unsupported`. Every operation is checked before it
// is first timed.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";

const [folder, file] = process.argv.slice(2);
const installed = createRequire(join(folder, "package.json"));
const load = (name) => import(pathToFileURL(installed.resolve(name)).href);
const [fastJwt, jose] = await Promise.all([load("fast-jwt"), load("jose")]);
const { issuer, audience, cases } = JSON.parse(readFileSync(file, "utf8"));

const contenders = {
  "fast-jwt verify": (alg, one) => fastVerify(alg, one, false),
  "fast-jwt-cached verify": (alg, one) => fastVerify(alg, one, one.tokens.length * 2),
  "fast-jwt sign": (alg, one) => {
    const sign = fastJwt.createSigner({ key: keyOf(one, "private_pem"), algorithm: alg, kid: one.kid });
    return (item) => sign(claimsOf(item));
  },
  "jose verify": async (alg, one) => {
    const key = one.secret ? Buffer.from(one.secret, "base64") : await jose.importSPKI(one.public_pem, alg);
    const options = { issuer, audience, algorithms: [alg] };
    return async (item) => (await jose.jwtVerify(item, key, options)).payload;
  },
  "jose sign": async (alg, one) => {
    const key = one.secret ? Buffer.from(one.secret, "base64") : await jose.importPKCS8(one.private_pem, alg);
    const header = { alg, typ: "JWT", kid: one.kid };
    return (item) => new jose.SignJWT(claimsOf(item)).setProtectedHeader(header).sign(key);
  },
};

function fastVerify(alg, one, cache) {
  const options = { algorithms: [alg], allowedIss: issuer, allowedAud: audience, requiredClaims: ["exp"] };
  return fastJwt.createVerifier({ key: keyOf(one, "public_pem"), cache, ...options });
}

function keyOf(one, pem) {
  return one.secret ? Buffer.from(one.secret, "base64") : one[pem];
}

function claimsOf(token) {
  return decoded.get(token);
}

const decoded = new Map();
for (const { tokens } of Object.values(cases)) {
  for (const token of tokens) decoded.set(token, JSON.parse(Buffer.from(token.split(".")[1], "base64url")));
}

async function prepare(who, verb, alg) {
  const operation = await contenders[`${who} ${verb}`](alg, cases[alg]);
  for (const token of cases[alg].tokens) {
    const result = await operation(token);
    const payload = verb === "sign" ? JSON.parse(Buffer.from(result.split(".")[1], "base64url")) : result;
    if (!isDeepStrictEqual({ ...payload }, claimsOf(token))) throw new Error(`${who} ${verb} ${alg}: wrong claims`);
  }
  return operation;
}

const operations = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [who, verb, alg, rounds] = line.split(" ");
  const name = `${who} ${verb} ${alg}`;
  if (!operations.has(name)) {
    operations.set(
      name,
      await prepare(who, verb, alg).catch((error) => {
        if (process.env.PEERS_DEBUG) console.error(`${name}: ${error}`);
      }),
    );
  }
  const operation = operations.get(name);
  if (!operation) {
    console.log("unsupported");
    continue;
  }
  const { tokens } = cases[alg];
  const start = process.cpuUsage();
  if (who === "jose") for (let at = 0; at < rounds; at++) await operation(tokens[at % tokens.length]);
  else for (let at = 0; at < rounds; at++) operation(tokens[at % tokens.length]);
  const { user, system } = process.cpuUsage(start);
  console.log(1000 * (user + system));
}
