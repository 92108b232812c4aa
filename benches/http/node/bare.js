// The page, and no session at all, on Node's own HTTP server: node bare.js PORT, with the session's STATE and the PAGE
// in the environment.

import { createServer } from "node:http";

const { user_id } = JSON.parse(process.env.STATE);
const [before, after] = process.env.PAGE.split("{user_id}");

function answer(request, response) {
  const page = Buffer.from(before + user_id + after);
  const headers = { "Content-Type": "text/html; charset=utf-8", "Content-Length": page.length };
  response.writeHead(200, headers).end(page);
}

createServer(answer).listen(Number(process.argv[2]), "127.0.0.1");
