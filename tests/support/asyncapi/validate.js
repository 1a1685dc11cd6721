// Reads an AsyncAPI document from the standard input and writes what the official parser finds in it
// as a JSON list of {severity, code, path, message}: severity 0 is an error, 1 a warning, 2 and 3
// are remarks.
"use strict";

const { Parser } = require("@asyncapi/parser");

async function main() {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  const { document, diagnostics } = await new Parser().parse(text);
  const found = diagnostics.map(({ severity, code, path, message }) => ({
    severity,
    code: String(code),
    path: path.join("."),
    message,
  }));
  if (document === undefined && found.length === 0) throw new Error("no document and no reason");
  process.stdout.write(JSON.stringify(found));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
