// The peer of `palisade-bench -- scim`: scimmy-routers over maps in memory, as quick as its handlers let it be. What is
// asked by `eq` of one attribute that users have an index of goes by that index. Nothing survives its end, nobody is
// refused, there is one tenant.
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const users = new Map();
const indexes = { username: new Map(), externalid: new Map() };
const folded = { username: (value) => value?.toLowerCase(), externalid: (value) => value };

function unindex(user) {
    indexes.username.delete(folded.username(user.userName));
    indexes.externalid.delete(user.externalId);
}

function indexed(filter) {
    if (filter?.length !== 1) return undefined;
    const [[attribute, comparison], ...others] = Object.entries(filter[0]);
    const index = indexes[attribute.toLowerCase()];
    if (others.length > 0 || !index || comparison[0] !== "eq") return undefined;
    const user = index.get(folded[attribute.toLowerCase()](comparison[1]));
    return user ? [user] : [];
}

SCIMMY.Resources.declare(SCIMMY.Resources.User, {
    ingress: (resource, instance) => {
        const id = resource.id ?? randomUUID();
        const known = users.get(id);
        const taken = indexes.username.get(folded.username(instance.userName));
        if (taken && taken !== known) throw new SCIMMY.Types.Error(409, "uniqueness", "userName is taken");
        if (known) unindex(known);
        const now = new Date().toISOString();
        const user = { ...JSON.parse(JSON.stringify(instance)), id, meta: { created: known?.meta.created ?? now, lastModified: now } };
        users.set(id, user);
        indexes.username.set(folded.username(user.userName), user);
        if (user.externalId) indexes.externalid.set(user.externalId, user);
        return user;
    },
    egress: (resource) => {
        if (resource.id) {
            const user = users.get(resource.id);
            if (!user) throw new SCIMMY.Types.Error(404, null, `User ${resource.id} not found`);
            return user;
        }
        const all = () => [...users.values()];
        return indexed(resource.filter) ?? (resource.filter ? resource.filter.match(all()) : all());
    },
    degress: (resource) => {
        const user = users.get(resource.id);
        if (!user) throw new SCIMMY.Types.Error(404, null, `User ${resource.id} not found`);
        unindex(user);
        users.delete(resource.id);
    },
});

const app = express();
app.use("/scim/v2", new SCIMMYRouters({ type: "bearer", handler: () => "bench" }));
app.get("/health/ready", (_request, response) => response.json({ status: "ok" }));
const [host, port] = process.argv[2].split(":");
app.listen(Number(port), host);
