"use strict";

// The stream never ends, and the page would wait for its end: read it with `curl -N`.
const NEVER_ENDS = ["/v1/events"];

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
  plugins: [
    {
      statePlugins: {
        spec: {
          wrapSelectors: {
            allowTryItOutFor: (original) => (state, path, method) =>
              !NEVER_ENDS.includes(path) && original(state, path, method),
          },
        },
      },
    },
  ],
});
