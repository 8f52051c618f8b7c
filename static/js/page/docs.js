/** The REST API's own document, to read and to try out: requests go with this browser's session. */

import { addressOf } from './pieces.js';

/* global SwaggerUIBundle */
SwaggerUIBundle({ url: addressOf('openapi'), dom_id: '#api', deepLinking: true, validatorUrl: null, docExpansion: 'list', defaultModelsExpandDepth: 0 });
