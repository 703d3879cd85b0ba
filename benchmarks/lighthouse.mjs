// Runs Lighthouse on the pages whose addresses are its arguments, as on a phone, one after the other
// in one browser; prints its results as JSON. Called from here, it reports nothing to anybody.
import * as launcher from "chrome-launcher";
import lighthouse from "lighthouse";

const chrome = await launcher.launch({
  chromePath: process.env.CHROME_PATH,
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu"],
});
const results = [];
try {
  for (const address of process.argv.slice(2)) {
    const { lhr } = await lighthouse(address, {
      port: chrome.port,
      logLevel: "error",
      disableFullPageScreenshot: true,
      onlyCategories: ["performance", "accessibility", "best-practices", "seo"],
    });
    const scores = Object.fromEntries(
      Object.values(lhr.categories).map(({ id, score }) => [id, score]),
    );
    const counted = Object.values(lhr.categories).flatMap(({ auditRefs }) => auditRefs);
    const failed = counted
      .filter(({ id, weight }) => weight > 0 && (lhr.audits[id].score ?? 1) < 1)
      .map(({ id }) => id);
    results.push({ address, scores, failed, error: lhr.runtimeError?.message ?? "" });
  }
} finally {
  await chrome.kill();
}
console.log(JSON.stringify(results));
