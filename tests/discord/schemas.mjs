// Writes the published schemas, which come as Zod's, as JSON schemas that refer to each other.
import * as z from "zod/mini";
import * as published from "discord-api-spec/zod";

const registry = z.registry();
for (const [name, schema] of Object.entries(published)) {
    if (name.endsWith("Schema")) {
        registry.add(schema, { id: name.slice(0, -"Schema".length) });
    }
}
const { schemas } = z.toJSONSchema(registry, {
    io: "input",
    unrepresentable: "any",
    uri: (id) => `#/schemas/${id}`,
});
// Zod's times end in Z, Discord's in any offset: the format says enough. What JSON cannot hold is one of nothing.
const plain = (key, value) => {
    if (value?.format === "date-time") {
        return { type: "string", format: "date-time" };
    }
    return key === "anyOf" ? value.filter((schema) => Object.keys(schema).length > 0) : value;
};
for (const schema of Object.values(schemas)) {
    delete schema.$id;
    delete schema.$schema;
}
console.log(JSON.stringify({ schemas }, plain));
