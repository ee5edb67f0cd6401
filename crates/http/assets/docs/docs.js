"use strict";
// Renders /openapi.json. Everything from the document is set as text, never as markup.

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, text, ...children) {
  const node = document.createElement(name);
  if (text) node.textContent = text;
  node.append(...children);
  return node;
}

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.type === "array") return "array of " + typeOf(schema.items);
  if (schema.enum) return schema.enum.join(" | ");
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type || "any";
  return schema.format ? type + " (" + schema.format + ")" : type;
}

function table(head, rows) {
  const header = element("tr", "", ...head.map((title) => element("th", title)));
  const body = rows.map((row) => element("tr", "", ...row.map((cell) => element("td", cell))));
  return element("table", "", header, ...body);
}

function contentType(content) {
  const [media, body] = Object.entries(content || {})[0] || ["", {}];
  return media ? typeOf(body.schema) + ", " + media : "";
}

function operation(method, path, spec) {
  const title = element("summary", "", element("b", method.toUpperCase()), element("code", path),
    element("span", spec.summary));
  const entry = spec["x-palisade-action"]
    ? "Needs the action " + spec["x-palisade-action"] + " (" + spec["x-palisade-access"] + ")."
    : "Open to anyone: " + spec["x-palisade-public"] + ".";
  const node = element("details", "", title, element("p", entry), element("p", "Operation id: " + spec.operationId));
  const parameters = (spec.parameters || []).map((one) =>
    [one.name + (one.required ? " *" : ""), one.in, typeOf(one.schema), one.description || ""]);
  if (parameters.length) node.append(table(["Parameter", "In", "Type", ""], parameters));
  if (spec.requestBody) node.append(element("p", "Body: " + contentType(spec.requestBody.content)));
  node.append(table(["Status", "Body", ""], Object.entries(spec.responses).map(([status, reply]) =>
    [status, contentType(reply.content), reply.description])));
  node.dataset.words = [method, path, spec.summary, spec.operationId, spec["x-palisade-action"]].join(" ").toLowerCase();
  return node;
}

function show(spec) {
  document.getElementById("about").textContent = spec.info.description + " Version " + spec.info.version + ".";
  const rooms = new Map();
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const method of METHODS.filter((name) => item[name])) {
      const room = item[method].tags[0];
      if (!rooms.has(room)) rooms.set(room, []);
      rooms.get(room).push(operation(method, path, item[method]));
    }
  }
  const main = document.getElementById("operations");
  for (const [room, operations] of rooms) main.append(element("section", "", element("h2", room), ...operations));
  const schemas = document.getElementById("schemas");
  for (const [name, schema] of Object.entries(spec.components.schemas)) {
    schemas.append(element("details", "", element("summary", name), element("pre", JSON.stringify(schema, null, 2))));
  }
  document.getElementById("find").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const node of main.querySelectorAll("details")) {
      node.hidden = !words.every((word) => node.dataset.words.includes(word));
    }
  });
}

fetch("/openapi.json")
  .then((reply) => reply.ok ? reply.json() : Promise.reject(new Error("status " + reply.status)))
  .then(show)
  .catch((error) => { document.getElementById("about").textContent = "The document can't be shown: " + error.message; });
