(function () {
  "use strict";
  var svg = document.currentScript.closest("svg");
  var frames = Array.prototype.slice.call(svg.querySelectorAll(".f"));
  var info = svg.querySelector(".info"), found = svg.querySelector(".found");
  var idle = info.textContent;
  var box = frames.map(function (f) {
    return {
      f: f, x: parseFloat(f.getAttribute("x")), w: parseFloat(f.getAttribute("width")),
      y: parseFloat(f.getAttribute("y")), title: f.querySelector("title").textContent,
      text: f.querySelector("text"), name: f.querySelector("text").textContent, now: parseFloat(f.getAttribute("width"))
    };
  });
  var slack = 1e-4, letter = 7.25; /* width of a letter of the 12px monospace font */
  function label(b, pixels) {
    var fits = Math.floor((b.now / 100 * pixels - 6) / letter);
    b.text.textContent = b.name.length <= fits ? b.name : fits < 3 ? "" : b.name.slice(0, fits - 1) + "…";
  }
  function labels() {
    var pixels = svg.getBoundingClientRect().width;
    if (pixels > 0) box.forEach(function (b) { label(b, pixels); });
  }
  function place(b, x, w, above) {
    b.f.setAttribute("x", x + "%");
    b.f.setAttribute("width", w + "%");
    b.f.classList.toggle("above", above);
    b.now = w;
    b.f.style.display = "";
  }
  function zoom(to) {
    box.forEach(function (b) {
      var inside = b.x >= to.x - slack && b.x + b.w <= to.x + to.w + slack;
      var around = b.x <= to.x + slack && b.x + b.w >= to.x + to.w - slack;
      if (b.y < to.y && around) place(b, 0, 100, true);
      else if (b.y >= to.y && inside) place(b, (b.x - to.x) / to.w * 100, b.w / to.w * 100, false);
      else b.f.style.display = "none";
    });
    labels();
    svg.querySelector(".reset").style.display = to.w < 100 - slack ? "" : "none";
  }
  function search(text) {
    var pattern, end = -1, share = 0;
    try { pattern = text ? new RegExp(text) : null; } catch (e) { found.textContent = String(e.message); return; }
    box.forEach(function (b) {
      var hit = pattern !== null && pattern.test(b.title);
      b.f.classList.toggle("hit", hit);
      if (hit && b.x + slack >= end) { share += b.w; end = b.x + b.w; }
    });
    found.textContent = pattern ? "/" + text + "/ " + share.toFixed(1) + " %" : "";
  }
  box.forEach(function (b) {
    b.f.addEventListener("click", function () { zoom(b); info.textContent = b.title; });
    b.f.addEventListener("mouseenter", function () { info.textContent = b.title; });
    b.f.addEventListener("mouseleave", function () { info.textContent = idle; });
  });
  labels();
  window.addEventListener("resize", labels);
  svg.querySelector(".reset").addEventListener("click", function () { zoom(box[0]); });
  svg.querySelector(".search").addEventListener("click", function () {
    var text = window.prompt("Search function names (regular expression)", "");
    if (text !== null) search(text);
  });
}());
