// Answers of the package in the Python for browsers, under Node: `node playground.mjs ARCHIVE` reads
// a line of JSON for each question, [state, language], and writes each answer, which is JSON too.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { loadPyodide } from "../node_modules/pyodide/pyodide.mjs";

const python = await loadPyodide();
python.unpackArchive(new Uint8Array(readFileSync(process.argv[2])), "zip", { extractDir: "/package" });
python.runPython("import sys; sys.path.insert(0, '/package')");
const { answer } = python.pyimport("cnnexplain.playground");
for await (const line of createInterface({ input: process.stdin })) {
  const [state, language] = JSON.parse(line);
  const given = python.toPy(state);
  process.stdout.write(`${JSON.stringify(answer(given, language))}\n`);
  given.destroy();
}
