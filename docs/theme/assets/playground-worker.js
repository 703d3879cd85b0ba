// Python in a thread of its own: it reads what the reader typed as text, never as code, and answers.
// The first message says where the files are; every other one asks for an answer.

const KEPT = "cnnexplain-playground";
const original = self.fetch;
let arrived = 0;

function add(bytes) {
  arrived += bytes;
  postMessage({ arrived });
}

async function count(response) {
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) add(part.value.length);
}

// The browser keeps the files for the next visit; where it may not, they are fetched again.
const store = self.caches?.open(KEPT).catch(() => undefined);
const used = new Set();

async function get(address, options) {
  const kept = await store;
  // Their names tell their versions: what is kept is never stale.
  const found = await kept?.match(address);
  if (found) return found;
  const response = await original(address, options);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim());
  kept?.put(address, response.clone()).catch(() => {}); // no room
  count(response.clone()).catch(() => {}); // whoever reads the response hears of the same fault
  return response;
}

// Pyodide fetches its files itself: here their bytes are counted as they come, and faults are told,
// some of which it only warns of.
self.fetch = async (address, options) => {
  const place = new URL(address, location.href);
  used.add(place.href);
  try {
    return await get(place.href, options);
  } catch (error) {
    postMessage({ failed: `${place.pathname.split("/").pop()}: ${error.message}` });
    throw error;
  }
};

// What another version of the site has left.
async function tidy() {
  const kept = await store;
  for (const { url } of (await kept?.keys()) ?? []) if (!used.has(url)) await kept.delete(url);
}

async function start({ runtime, archive }) {
  const [{ loadPyodide }, packed] = await Promise.all([
    import(new URL("pyodide.mjs", runtime)),
    self.fetch(archive).then((response) => response.arrayBuffer()),
  ]);
  const python = await loadPyodide({ indexURL: runtime });
  python.unpackArchive(packed, "zip", { extractDir: "/package" });
  python.runPython("import sys; sys.path.insert(0, '/package'); sys.dont_write_bytecode = True");
  const { answer } = python.pyimport("cnnexplain.playground");
  tidy().catch(() => {});
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
