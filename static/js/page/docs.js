/** The REST API's own document, to read and to try out: requests go with this browser's session. */

import { at } from './place.js';

/* global SwaggerUIBundle */
SwaggerUIBundle({ url: at('/api/openapi.json'), dom_id: '#api', deepLinking: true, validatorUrl: null, docExpansion: 'list', defaultModelsExpandDepth: 0 });
