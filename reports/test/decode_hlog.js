/*
 * decode_hlog.js LOG KEY... - reads an interval log with hdr-histogram-js and prints, per tag, what
 * 'goxel-report hlog --json' prints of it, for a test to compare. A key like p99_9_ns asks for the
 * percentile 99.9.
 */
"use strict";
const fs = require("fs");
const hdr = require("hdr-histogram-js");

const reader = new hdr.HistogramLogReader(fs.readFileSync(process.argv[2], "utf8"), 64);
const sums = new Map();
for (let one = reader.nextIntervalHistogram(); one; one = reader.nextIntervalHistogram()) {
  const tag = one.tag === "NO TAG" || !one.tag ? null : one.tag;
  if (!sums.has(tag)) {
    sums.set(tag, hdr.build({
      bitBucketSize: 64, autoResize: true, lowestDiscernibleValue: 1,
      highestTrackableValue: 3600000000000, numberOfSignificantValueDigits: 3
    }));
  }
  sums.get(tag).add(one);
}
const tags = [];
for (const [tag, h] of sums) {
  const row = { tag: tag, count: h.totalCount, max_ns: h.maxValue };
  for (const key of process.argv.slice(3))
    row[key] = h.getValueAtPercentile(Number(key.slice(1, -3).replace("_", ".")));
  tags.push(row);
}
process.stdout.write(JSON.stringify(tags) + "\n");
