// A real sign-in service on loopback for the tests: oidc-provider, with its own pages for signing
// in, for consent and for signing out. Any user name signs in with any password there; the user
// name is the subject.
//
//   node provider.mjs PORT SECRET PAGES      PAGES: the address of the pages that rely on it

import { Provider } from "oidc-provider";

const [port, secret, pages] = process.argv.slice(2);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "pendeen",
      client_secret: secret,
      redirect_uris: [`${pages}/sign-in/provider/back`],
      post_logout_redirect_uris: [`${pages}/sign-in`],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  cookies: { keys: [secret] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});

provider.listen(Number(port), "127.0.0.1");
