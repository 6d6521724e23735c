/*
 * decode_hlog.js - reads an interval log with hdr-histogram-js and prints, per tag, what
 * 'goxel-report hlog --json' prints of it, for a test to compare.
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
  tags.push({
    tag: tag, count: h.totalCount,
    p50_ns: h.getValueAtPercentile(50), p90_ns: h.getValueAtPercentile(90),
    p99_ns: h.getValueAtPercentile(99), p99_9_ns: h.getValueAtPercentile(99.9),
    p99_99_ns: h.getValueAtPercentile(99.99), max_ns: h.maxValue
  });
}
process.stdout.write(JSON.stringify(tags) + "\n");
