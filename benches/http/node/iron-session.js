// iron-session on Node's own HTTP server: node iron-session.js PORT, with the session's STATE and the PAGE
// in the environment.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { getIronSession } from "iron-session";

const options = {
  cookieName: "session",
  password: randomBytes(32).toString("hex"),
  cookieOptions: { secure: false },
};
const [before, after] = process.env.PAGE.split("{user_id}");

async function answer(request, response) {
  const session = await getIronSession(request, response, options);
  if (request.method === "POST") {
    Object.assign(session, JSON.parse(process.env.STATE));
    await session.save();
    response.writeHead(204).end();
  } else if (session.user_id) {
    const page = Buffer.from(before + session.user_id + after);
    const headers = { "Content-Type": "text/html; charset=utf-8", "Content-Length": page.length };
    response.writeHead(200, headers).end(page);
  } else {
    response.writeHead(401, { "Content-Length": 0 }).end();
  }
}

createServer(answer).listen(Number(process.argv[2]), "127.0.0.1");
