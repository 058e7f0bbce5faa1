/** Loaded by every page of somebody who is signed in. */

import { keepMenusTidy } from "./menu.js";
import { tellWhenOffline } from "./network.js";
import { offerThemes } from "./theme.js";
import { showTimes, tellZone } from "./times.js";
import { adoptToasts } from "./toast.js";

keepMenusTidy();
tellWhenOffline();
offerThemes();
tellZone();
showTimes(document);
adoptToasts();
