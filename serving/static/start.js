// The page's own script: inline ones are refused by its content security policy. No validator: that is another host.
SwaggerUIBundle({ url: "/schema/", dom_id: "#docs", validatorUrl: null, tryItOutEnabled: true, deepLinking: true });
