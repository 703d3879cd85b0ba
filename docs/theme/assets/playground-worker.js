// Python in a thread of its own: it reads what the reader typed as text, never as code, and answers.
// The first message says where the files are; every other one asks for an answer.

// Pyodide fetches its files itself: here their bytes are counted as they come.
const original = self.fetch;
let arrived = 0;

async function count(response) {
  const reader = response.clone().body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    arrived += part.value.length;
    postMessage({ arrived });
  }
}

self.fetch = async (...request) => {
  const response = await original(...request);
  if (!response.ok) throw new Error(`${response.status} ${response.url}`);
  count(response).catch(() => {}); // whoever uses the response hears of the same fault
  return response;
};

async function start({ runtime, archive }) {
  const [{ loadPyodide }, packed] = await Promise.all([
    import(new URL("pyodide.mjs", runtime)),
    self.fetch(archive).then((response) => response.arrayBuffer()),
    // Modules are not fetched but imported, out of what this leaves in the browser's cache.
    self.fetch(new URL("pyodide.asm.mjs", runtime)).then((response) => response.arrayBuffer()),
  ]);
  const python = await loadPyodide({ indexURL: runtime });
  python.unpackArchive(packed, "zip", { extractDir: "/package" });
  python.runPython("import sys; sys.path.insert(0, '/package'); sys.dont_write_bytecode = True");
  const { answer } = python.pyimport("cnnexplain.playground");
  return (state, language) => {
    const given = python.toPy(state);
    try {
      return answer(given, language);
    } finally {
      given.destroy();
    }
  };
}

let answering;

addEventListener("message", async ({ data }) => {
  try {
    if (data.runtime) {
      answering = start(data);
      await answering;
      postMessage({ ready: true });
    } else {
      const answer = (await answering)(data.state, data.language);
      postMessage({ id: data.id, answer });
    }
  } catch (error) {
    postMessage({ id: data.id, failed: String(error.message ?? error) });
  }
});
