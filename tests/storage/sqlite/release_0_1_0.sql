BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'sameweights','m001_rows','2026-11-29 08:53:15.525568+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'sameweights','m002_indexes','2026-11-29 08:53:15.526163+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'sameweights','m003_identities','2026-11-29 08:53:15.526665+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'sameweights','m004_lineage','2026-11-29 08:53:15.526952+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'sameweights','m005_judgement','2026-11-29 08:53:15.536116+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'sameweights','m006_tallies','2026-11-29 08:53:15.536568+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'sameweights','m007_answers_letters_and_paces','2026-11-29 08:53:15.537235+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'sameweights','m008_passages','2026-11-29 08:53:15.537531+00:00');
INSERT INTO "_sqlite_migrations" VALUES(9,'sameweights','m009_secrets','2026-11-29 08:53:15.537769+00:00');
INSERT INTO "_sqlite_migrations" VALUES(10,'sameweights','m010_failed_checks','2026-11-29 08:53:15.537903+00:00');
INSERT INTO "_sqlite_migrations" VALUES(11,'sameweights','m011_handovers','2026-11-29 08:53:15.538378+00:00');
CREATE TABLE "acknowledgements" (
   "no" INTEGER PRIMARY KEY,
   "after_no" INTEGER NOT NULL,
   "at" REAL NOT NULL,
   "answer" TEXT NOT NULL,
   "route" TEXT NOT NULL,
   "model" TEXT NOT NULL,
   "provider" TEXT NOT NULL,
   "reference" TEXT NOT NULL,
   "applied" INTEGER NOT NULL
) STRICT;
CREATE TABLE "alarms" (
   "no" INTEGER PRIMARY KEY,
   "at" REAL NOT NULL,
   "pair_id" TEXT NOT NULL,
   "route" TEXT NOT NULL,
   "model" TEXT NOT NULL,
   "provider" TEXT NOT NULL,
   "reference" TEXT NOT NULL,
   "old" TEXT NOT NULL,
   "new" TEXT NOT NULL,
   "name" TEXT NOT NULL,
   "details" TEXT NOT NULL
, told INTEGER NOT NULL DEFAULT 1) STRICT;
INSERT INTO "alarms" VALUES(1,141.0,'pair-141','default','m','p','r','suspect','drift','args','{"verdict":"differs","verdict_sentence":"differs from its reference more than the reference differs from itself: drift: other tool arguments in 74 points [56 to 91] more requests; since 1970-01-01 00:01:40 UTC","blame":"not_yet_known","sentence":"p, or its reference r: other tool arguments in 74 points more requests, since about 1970-01-01 00:01 UTC; which of the two moved is not yet known: only one provider is compared with r; also: calls other tools in 74 points more requests","blame_why":"only one provider is compared with r","by":"","facts":[],"reference_suspected":false,"tests":[{"signal":"args","worse":true,"direction":"further","sentence":"other tool arguments in 74 points more requests","title":"args","evidence":0.43327296370457447,"since":100.0,"earliest":86.0,"latest":108.0,"size":0.7380952380952381,"low":0.5619816788960577,"high":0.9142087972944186,"before":0.0,"segments":[{"kind":"1 to 3 tools","pairs":42,"excess":31}],"pair_ids":["pair-141","pair-139","pair-138","pair-137","pair-136","pair-135","pair-134","pair-133","pair-132","pair-131","pair-130","pair-127","pair-126","pair-123","pair-121","pair-120","pair-119","pair-118","pair-117","pair-116"]},{"signal":"tool_names","worse":true,"direction":"further","sentence":"calls other tools in 74 points more requests","title":"tool_names","evidence":0.43327296370457447,"since":100.0,"earliest":86.0,"latest":108.0,"size":0.7380952380952381,"low":0.5619816788960577,"high":0.9142087972944186,"before":0.0,"segments":[{"kind":"1 to 3 tools","pairs":42,"excess":31}],"pair_ids":["pair-141","pair-139","pair-138","pair-137","pair-136","pair-135","pair-134","pair-133","pair-132","pair-131","pair-130","pair-127","pair-126","pair-123","pair-121","pair-120","pair-119","pair-118","pair-117","pair-116"]}]}',0);
INSERT INTO "alarms" VALUES(2,139.0,'moving-139','default','m','moving','r2','suspect','not measured','reference_moved','{"verdict":"not_measured","verdict_sentence":"not measured: r2, its reference, moved: drift: decides otherwise whether to call a tool in 75 points [57 to 93] more requests","blame":"reference","sentence":"the reference r2 moved: compared with it, moving: decides otherwise whether to call a tool in 75 points more requests, since about 1970-01-01 00:01 UTC; calm left it at the same time; also: another kind of answer in 75 points more requests","blame_why":"","by":"calm","facts":[],"reference_suspected":true,"tests":[{"signal":"trigger","worse":true,"direction":"further","sentence":"decides otherwise whether to call a tool in 75 points more requests","title":"trigger","evidence":-0.804296763352891,"since":100.0,"earliest":86.0,"latest":108.0,"size":0.75,"low":0.569121268824437,"high":0.930878731175563,"before":0.0,"segments":[{"kind":"","pairs":40,"excess":30}],"pair_ids":["moving-139","moving-138","moving-137","moving-136","moving-135","moving-134","moving-133","moving-132","moving-131","moving-130","moving-127","moving-126","moving-123","moving-121","moving-120","moving-119","moving-118","moving-117","moving-116","moving-115"]},{"signal":"action","worse":true,"direction":"further","sentence":"another kind of answer in 75 points more requests","title":"action","evidence":0.2943155253152163,"since":100.0,"earliest":86.0,"latest":108.0,"size":0.75,"low":0.569121268824437,"high":0.930878731175563,"before":0.0,"segments":[{"kind":"","pairs":40,"excess":30}],"pair_ids":["moving-139","moving-138","moving-137","moving-136","moving-135","moving-134","moving-133","moving-132","moving-131","moving-130","moving-127","moving-126","moving-123","moving-121","moving-120","moving-119","moving-118","moving-117","moving-116","moving-115"]}]}',0);
CREATE TABLE "cases" (
   "route" TEXT NOT NULL,
   "model" TEXT NOT NULL,
   "provider" TEXT NOT NULL,
   "reference" TEXT NOT NULL,
   "last_no" INTEGER NOT NULL,
   "snapshot" TEXT NOT NULL
) STRICT;
INSERT INTO "cases" VALUES('default','m','calm','r2',660,'{"bar":10000000.0,"watch":{"version":2,"state":"drift","pairs":220,"last":"calm-219","tests":[{"key":["action",1],"baseline":0.0,"pairs":220,"plus":84,"minus":13,"even":[10.627544035173687,11.98843317505178,14.604004688571777,18.85082237441479,25.693661066507644,34.31289924850679,39.118670881485535,36.977925070907084],"tolerant":[8.35441851165569,9.590466304559996,11.98564029912661,15.889934828556644,22.197609453444315,30.397294715063865,36.5883207990736,34.67733828603092]},{"key":["action",-1],"baseline":0.0,"pairs":220,"plus":84,"minus":13,"even":[7.80698649956697,6.370577125834513,3.8099024248622317,2.349025187434715,1.66058959248474,0.8163084611210573,-0.3015238321006499,-2.226721130550902],"tolerant":[5.735612236791432,4.519923235992389,3.0956594202015726,2.329007670754325,1.6455639829878446,0.7986598208905441,-0.31787426834024113,-2.2382151380526243]},{"key":["trigger",1],"baseline":0.0,"pairs":220,"plus":84,"minus":13,"even":[10.627544035173687,11.98843317505178,14.604004688571777,18.85082237441479,25.693661066507644,34.31289924850679,39.118670881485535,36.977925070907084],"tolerant":[8.35441851165569,9.590466304559996,11.98564029912661,15.889934828556644,22.197609453444315,30.397294715063865,36.5883207990736,34.67733828603092]},{"key":["trigger",-1],"baseline":0.0,"pairs":220,"plus":84,"minus":13,"even":[7.80698649956697,6.370577125834513,3.8099024248622317,2.349025187434715,1.66058959248474,0.8163084611210573,-0.3015238321006499,-2.226721130550902],"tolerant":[5.735612236791432,4.519923235992389,3.0956594202015726,2.329007670754325,1.6455639829878446,0.7986598208905441,-0.31787426834024113,-2.2382151380526243]},{"key":["trigger_rate",1],"baseline":0.0,"pairs":220,"plus":0,"minus":0,"even":[9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704],"tolerant":[7.0282552441399195,6.950278170193075,6.79553028383626,6.529066743875318,6.052178736429693,5.317639858710185,4.633181958899714,4.216830907026963]},{"key":["trigger_rate",-1],"baseline":0.0,"pairs":220,"plus":0,"minus":0,"even":[9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704],"tolerant":[7.0282552441399195,6.950278170193075,6.79553028383626,6.529066743875318,6.052178736429693,5.317639858710185,4.633181958899714,4.216830907026963]},{"key":["error",1],"baseline":0.0,"pairs":220,"plus":0,"minus":0,"even":[9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704],"tolerant":[7.0282552441399195,6.950278170193075,6.79553028383626,6.529066743875318,6.052178736429693,5.317639858710185,4.633181958899714,4.216830907026963]},{"key":["error",-1],"baseline":0.0,"pairs":220,"plus":0,"minus":0,"even":[9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704],"tolerant":[7.0282552441399195,6.950278170193075,6.79553028383626,6.529066743875318,6.052178736429693,5.317639858710185,4.633181958899714,4.216830907026963]}],"latches":[{"key":["action",1],"pair_id":"calm-153","at":153.0,"evidence":0.12806959310638177,"estimate":{"place":99,"pairs":55,"odd":36,"since":99.0,"earliest":88.0,"latest":111.0,"size":0.6,"low":0.43473147568559845,"high":0.7652685243144015,"before":-0.010101010101010102,"segments":[{"kind":"","pairs":55,"excess":33}],"pair_ids":["calm-153","calm-152","calm-150","calm-148","calm-145","calm-144","calm-143","calm-142","calm-141","calm-140","calm-138","calm-137","calm-134","calm-133","calm-131","calm-130","calm-129","calm-125","calm-123","calm-121"]},"baseline":0.0,"pairs":66,"odd":42,"mended":false,"logs":[-0.3817836124425408,-0.774274416640339,-1.5919302120708174,-3.1311813644590294,-6.384860386060402,-13.291481594338174,-24.167490811637062,-36.77403418569839]},{"key":["trigger",1],"pair_id":"calm-155","at":155.0,"evidence":0.06186002300692195,"estimate":{"place":99,"pairs":57,"odd":38,"since":99.0,"earliest":88.0,"latest":111.0,"size":0.6140350877192983,"low":0.45353115004076155,"high":0.774539025397835,"before":-0.010101010101010102,"segments":[{"kind":"","pairs":57,"excess":35}],"pair_ids":["calm-155","calm-154","calm-153","calm-152","calm-150","calm-148","calm-145","calm-144","calm-143","calm-142","calm-141","calm-140","calm-138","calm-137","calm-134","calm-133","calm-131","calm-130","calm-129","calm-125"]},"baseline":0.0,"pairs":64,"odd":40,"mended":false,"logs":[-0.3452873473928567,-0.7007911798612511,-1.442921419762614,-2.844579620357181,-5.821216078740508,-12.172808612650451,-22.201936858521393,-33.80308374290041]}],"failing":[],"named":{"key":["trigger",1],"pair_id":"calm-153","at":153.0,"evidence":-0.9705426955617256,"estimate":{"place":99,"pairs":55,"odd":36,"since":99.0,"earliest":88.0,"latest":111.0,"size":0.6,"low":0.43473147568559845,"high":0.7652685243144015,"before":-0.010101010101010102,"segments":[{"kind":"","pairs":55,"excess":33}],"pair_ids":["calm-153","calm-152","calm-150","calm-148","calm-145","calm-144","calm-143","calm-142","calm-141","calm-140","calm-138","calm-137","calm-134","calm-133","calm-131","calm-130","calm-129","calm-125","calm-123","calm-121"]}}},"reasons":["","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","",""],"cached":[false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false],"counts":{},"look":{"key":["trigger",1],"size":0.6,"earliest":88.0,"latest":111.0,"opened":153.0,"floor":0.14102564102564102,"log_bar":3.6888794541139363,"members":{"moving":"moving"},"witnesses":{"moving":{"name":"moving","odd":{"same":false,"bound":0.0,"units":21,"logs":[0.1584210183694377,0.31376570522625036,0.6156883290890266,1.1180955390012695,1.9748806234522063,3.243720864865316,4.476926303483381,5.3426349806052436]},"same":{"same":true,"bound":0.3,"units":0,"logs":[0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0]},"alone":true,"several":false,"seen":[],"open":{}}},"alike":[],"facts":[],"requests":132,"blame":"reference","by":"moving","over":false},"told":{"state":"not measured","name":"reference_moved","blame":"reference"}}');
INSERT INTO "cases" VALUES('default','m','moving','r2',659,'{"bar":10000000.0,"watch":{"version":2,"state":"drift","pairs":220,"last":"moving-219","tests":[{"key":["action",1],"baseline":0.0,"pairs":220,"plus":87,"minus":13,"even":[10.686528826797836,12.105688045399221,14.8346568226024,19.270050649849242,26.433946964866408,35.52133924417476,40.465630861631496,36.65021300119915],"tolerant":[8.408774027268572,9.701780372506565,12.209489028383466,16.300509420626717,22.920422288753365,31.49689061754269,37.572622561168764,34.269543627817754]},{"key":["action",-1],"baseline":0.0,"pairs":220,"plus":87,"minus":13,"even":[7.74885488082277,6.261856373758967,3.734002438898143,2.412909068748818,1.5145099968800133,0.3654643691565761,-0.9056846478370778,-2.89780533947687],"tolerant":[5.695158036188798,4.4816240788906905,3.1676741063208422,2.3911177046464447,1.4986009158032927,0.3565435155908273,-0.9094809192250262,-2.8987032954825285]},{"key":["trigger",1],"baseline":0.0,"pairs":220,"plus":87,"minus":13,"even":[10.686528826797836,12.105688045399221,14.8346568226024,19.270050649849242,26.433946964866408,35.52133924417476,40.465630861631496,36.65021300119915],"tolerant":[8.408774027268572,9.701780372506565,12.209489028383466,16.300509420626717,22.920422288753365,31.49689061754269,37.572622561168764,34.269543627817754]},{"key":["trigger",-1],"baseline":0.0,"pairs":220,"plus":87,"minus":13,"even":[7.74885488082277,6.261856373758967,3.734002438898143,2.412909068748818,1.5145099968800133,0.3654643691565761,-0.9056846478370778,-2.89780533947687],"tolerant":[5.695158036188798,4.4816240788906905,3.1676741063208422,2.3911177046464447,1.4986009158032927,0.3565435155908273,-0.9094809192250262,-2.8987032954825285]},{"key":["trigger_rate",1],"baseline":0.0,"pairs":220,"plus":0,"minus":0,"even":[9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704],"tolerant":[7.0282552441399195,6.950278170193075,6.79553028383626,6.529066743875318,6.052178736429693,5.317639858710185,4.633181958899714,4.216830907026963]},{"key":["trigger_rate",-1],"baseline":0.0,"pairs":220,"plus":0,"minus":0,"even":[9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704],"tolerant":[7.0282552441399195,6.950278170193075,6.79553028383626,6.529066743875318,6.052178736429693,5.317639858710185,4.633181958899714,4.216830907026963]},{"key":["error",1],"baseline":0.0,"pairs":220,"plus":0,"minus":0,"even":[9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704],"tolerant":[7.0282552441399195,6.950278170193075,6.79553028383626,6.529066743875318,6.052178736429693,5.317639858710185,4.633181958899714,4.216830907026963]},{"key":["error",-1],"baseline":0.0,"pairs":220,"plus":0,"minus":0,"even":[9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704],"tolerant":[7.0282552441399195,6.950278170193075,6.79553028383626,6.529066743875318,6.052178736429693,5.317639858710185,4.633181958899714,4.216830907026963]}],"latches":[{"key":["action",1],"pair_id":"moving-139","at":139.0,"evidence":0.2943155253152163,"estimate":{"place":100,"pairs":40,"odd":32,"since":100.0,"earliest":86.0,"latest":108.0,"size":0.75,"low":0.569121268824437,"high":0.930878731175563,"before":0.0,"segments":[{"kind":"","pairs":40,"excess":30}],"pair_ids":["moving-139","moving-138","moving-137","moving-136","moving-135","moving-134","moving-133","moving-132","moving-131","moving-130","moving-127","moving-126","moving-123","moving-121","moving-120","moving-119","moving-118","moving-117","moving-116","moving-115"]},"baseline":0.0,"pairs":80,"odd":49,"mended":false,"logs":[-0.2807042404326814,-0.5737843304992742,-1.1970789184186184,-2.407798344672488,-5.074178672323057,-10.961568674993451,-20.328280260793484,-30.843233172235266]},{"key":["trigger",1],"pair_id":"moving-142","at":142.0,"evidence":0.29273350253873787,"estimate":{"place":100,"pairs":43,"odd":34,"since":100.0,"earliest":86.0,"latest":108.0,"size":0.7441860465116279,"low":0.5718985106127994,"high":0.9164735824104564,"before":0.0,"segments":[{"kind":"","pairs":43,"excess":32}],"pair_ids":["moving-142","moving-141","moving-139","moving-138","moving-137","moving-136","moving-135","moving-134","moving-133","moving-132","moving-131","moving-130","moving-127","moving-126","moving-123","moving-121","moving-120","moving-119","moving-118","moving-117"]},"baseline":0.0,"pairs":77,"odd":47,"mended":false,"logs":[-0.2677735010125684,-0.547595384923908,-1.1433792537817498,-2.3026913962176248,-4.8620033672054195,-10.529702798916974,-19.574560526312396,-29.759383392833794]}],"failing":[],"named":{"key":["trigger",1],"pair_id":"moving-139","at":139.0,"evidence":-0.804296763352891,"estimate":{"place":100,"pairs":40,"odd":32,"since":100.0,"earliest":86.0,"latest":108.0,"size":0.75,"low":0.569121268824437,"high":0.930878731175563,"before":0.0,"segments":[{"kind":"","pairs":40,"excess":30}],"pair_ids":["moving-139","moving-138","moving-137","moving-136","moving-135","moving-134","moving-133","moving-132","moving-131","moving-130","moving-127","moving-126","moving-123","moving-121","moving-120","moving-119","moving-118","moving-117","moving-116","moving-115"]}}},"reasons":["","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","",""],"cached":[false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false],"counts":{},"look":{"key":["trigger",1],"size":0.75,"earliest":86.0,"latest":108.0,"opened":139.0,"floor":0.1267605633802817,"log_bar":3.6888794541139363,"members":{"calm":"calm"},"witnesses":{"calm":{"name":"calm","odd":{"same":false,"bound":0.0,"units":33,"logs":[0.25663399480765675,0.5066667082587092,0.9876523991638229,1.77139127663183,3.0458930350288154,4.6956822605025765,5.621648096791558,4.025976041526851]},"same":{"same":true,"bound":0.375,"units":11,"logs":[-0.07131290547781637,-0.1434422159656373,-0.29020430178879286,-0.5553691905218239,-1.0780128556062418,-2.064795240699129,-3.379839676118362,-4.627044361780589]},"alone":true,"several":false,"seen":[],"open":{}}},"alike":[],"facts":[],"requests":161,"blame":"reference","by":"calm","over":false},"told":{"state":"not measured","name":"reference_moved","blame":"reference"}}');
INSERT INTO "cases" VALUES('default','m','p','r',220,'{"bar":10000000.0,"watch":{"version":2,"state":"drift","pairs":220,"last":"pair-219","tests":[{"key":["tool_names",1],"baseline":0.0,"pairs":220,"plus":87,"minus":13,"even":[10.686528826797836,12.105688045399221,14.8346568226024,19.270050649849242,26.433946964866408,35.52133924417476,40.465630861631496,36.65021300119915],"tolerant":[8.408774027268572,9.701780372506565,12.209489028383466,16.300509420626717,22.920422288753365,31.49689061754269,37.572622561168764,34.269543627817754]},{"key":["tool_names",-1],"baseline":0.0,"pairs":220,"plus":87,"minus":13,"even":[7.74885488082277,6.261856373758967,3.734002438898143,2.412909068748818,1.5145099968800133,0.3654643691565761,-0.9056846478370778,-2.89780533947687],"tolerant":[5.695158036188798,4.4816240788906905,3.1676741063208422,2.3911177046464447,1.4986009158032927,0.3565435155908273,-0.9094809192250262,-2.8987032954825285]},{"key":["args",1],"baseline":0.0,"pairs":220,"plus":87,"minus":13,"even":[10.686528826797836,12.105688045399221,14.8346568226024,19.270050649849242,26.433946964866408,35.52133924417476,40.465630861631496,36.65021300119915],"tolerant":[8.408774027268572,9.701780372506565,12.209489028383466,16.300509420626717,22.920422288753365,31.49689061754269,37.572622561168764,34.269543627817754]},{"key":["args",-1],"baseline":0.0,"pairs":220,"plus":87,"minus":13,"even":[7.74885488082277,6.261856373758967,3.734002438898143,2.412909068748818,1.5145099968800133,0.3654643691565761,-0.9056846478370778,-2.89780533947687],"tolerant":[5.695158036188798,4.4816240788906905,3.1676741063208422,2.3911177046464447,1.4986009158032927,0.3565435155908273,-0.9094809192250262,-2.8987032954825285]},{"key":["error",1],"baseline":0.0,"pairs":220,"plus":0,"minus":0,"even":[9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704],"tolerant":[7.0282552441399195,6.950278170193075,6.79553028383626,6.529066743875318,6.052178736429693,5.317639858710185,4.633181958899714,4.216830907026963]},{"key":["error",-1],"baseline":0.0,"pairs":220,"plus":0,"minus":0,"even":[9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704,9.232101863757704],"tolerant":[7.0282552441399195,6.950278170193075,6.79553028383626,6.529066743875318,6.052178736429693,5.317639858710185,4.633181958899714,4.216830907026963]}],"latches":[{"key":["tool_names",1],"pair_id":"pair-141","at":141.0,"evidence":0.43327296370457447,"estimate":{"place":100,"pairs":42,"odd":33,"since":100.0,"earliest":86.0,"latest":108.0,"size":0.7380952380952381,"low":0.5619816788960577,"high":0.9142087972944186,"before":0.0,"segments":[{"kind":"1 to 3 tools","pairs":42,"excess":31}],"pair_ids":["pair-141","pair-139","pair-138","pair-137","pair-136","pair-135","pair-134","pair-133","pair-132","pair-131","pair-130","pair-127","pair-126","pair-123","pair-121","pair-120","pair-119","pair-118","pair-117","pair-116"]},"baseline":0.0,"pairs":78,"odd":48,"mended":false,"logs":[-0.28483673303082657,-0.5819146333865616,-1.2128223930120874,-2.4357471365221763,-5.121705066143775,-11.037259562786478,-20.443553380153148,-31.026406377140262]},{"key":["args",1],"pair_id":"pair-141","at":141.0,"evidence":0.43327296370457447,"estimate":{"place":100,"pairs":42,"odd":33,"since":100.0,"earliest":86.0,"latest":108.0,"size":0.7380952380952381,"low":0.5619816788960577,"high":0.9142087972944186,"before":0.0,"segments":[{"kind":"1 to 3 tools","pairs":42,"excess":31}],"pair_ids":["pair-141","pair-139","pair-138","pair-137","pair-136","pair-135","pair-134","pair-133","pair-132","pair-131","pair-130","pair-127","pair-126","pair-123","pair-121","pair-120","pair-119","pair-118","pair-117","pair-116"]},"baseline":0.0,"pairs":78,"odd":48,"mended":false,"logs":[-0.28483673303082657,-0.5819146333865616,-1.2128223930120874,-2.4357471365221763,-5.121705066143775,-11.037259562786478,-20.443553380153148,-31.026406377140262]}],"failing":[],"named":{"key":["args",1],"pair_id":"pair-141","at":141.0,"evidence":0.43327296370457447,"estimate":{"place":100,"pairs":42,"odd":33,"since":100.0,"earliest":86.0,"latest":108.0,"size":0.7380952380952381,"low":0.5619816788960577,"high":0.9142087972944186,"before":0.0,"segments":[{"kind":"1 to 3 tools","pairs":42,"excess":31}],"pair_ids":["pair-141","pair-139","pair-138","pair-137","pair-136","pair-135","pair-134","pair-133","pair-132","pair-131","pair-130","pair-127","pair-126","pair-123","pair-121","pair-120","pair-119","pair-118","pair-117","pair-116"]}}},"reasons":["","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","",""],"cached":[false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false],"counts":{},"look":{"key":["args",1],"size":0.7380952380952381,"earliest":86.0,"latest":108.0,"opened":141.0,"floor":0.125,"log_bar":3.6888794541139363,"members":{},"witnesses":{},"alike":[],"facts":[],"requests":108,"blame":"not_yet_known","by":"","over":true},"told":{"state":"drift","name":"args","blame":"not_yet_known"}}');
INSERT INTO "cases" VALUES('default','m','cached','r',690,'{"bar":10000000.0,"watch":{"version":2,"state":"ok","pairs":30,"last":"cached-29","tests":[{"key":["tool_names",1],"baseline":0.0,"pairs":3,"plus":0,"minus":0,"even":[9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182],"tolerant":[6.909575260197521,6.90839927193703,6.906045912484661,6.901923088997526,6.894251362402125,6.8812236100558195,6.866350393893429,6.854398537380884]},{"key":["tool_names",-1],"baseline":0.0,"pairs":3,"plus":0,"minus":0,"even":[9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182],"tolerant":[6.909575260197521,6.90839927193703,6.906045912484661,6.901923088997526,6.894251362402125,6.8812236100558195,6.866350393893429,6.854398537380884]},{"key":["args",1],"baseline":0.0,"pairs":3,"plus":0,"minus":0,"even":[9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182],"tolerant":[6.909575260197521,6.90839927193703,6.906045912484661,6.901923088997526,6.894251362402125,6.8812236100558195,6.866350393893429,6.854398537380884]},{"key":["args",-1],"baseline":0.0,"pairs":3,"plus":0,"minus":0,"even":[9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182,9.210640326985182],"tolerant":[6.909575260197521,6.90839927193703,6.906045912484661,6.901923088997526,6.894251362402125,6.8812236100558195,6.866350393893429,6.854398537380884]},{"key":["error",1],"baseline":0.0,"pairs":30,"plus":0,"minus":0,"even":[9.21333588095598,9.21333588095598,9.21333588095598,9.21333588095598,9.21333588095598,9.21333588095598,9.21333588095598,9.21333588095598],"tolerant":[6.925713347003209,6.9141093224427514,6.890891436529972,6.850228759487706,6.774607603610716,6.6463297673658825,6.500112460510518,6.382811935992471]},{"key":["error",-1],"baseline":0.0,"pairs":30,"plus":0,"minus":0,"even":[9.21333588095598,9.21333588095598,9.21333588095598,9.21333588095598,9.21333588095598,9.21333588095598,9.21333588095598,9.21333588095598],"tolerant":[6.925713347003209,6.9141093224427514,6.890891436529972,6.850228759487706,6.774607603610716,6.6463297673658825,6.500112460510518,6.382811935992471]}],"latches":[],"failing":[],"named":null},"reasons":["","","","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference","caching_reference"],"cached":[true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true,true],"counts":{"cached":30,"caching_reference":27},"look":null,"told":{"state":"ok","name":"","blame":null}}');
CREATE TABLE "checks" (
   "exchange_no" INTEGER NOT NULL REFERENCES "exchanges"("no") ON DELETE CASCADE,
   "comparison" TEXT NOT NULL,
   "aspect" TEXT NOT NULL,
   "state" TEXT NOT NULL,
   "score" REAL,
   "reason" TEXT NOT NULL,
   "subject" TEXT NOT NULL,
   "reference" TEXT NOT NULL
) STRICT;
INSERT INTO "checks" VALUES(691,'check','call_schema','differ',NULL,'why','','');
INSERT INTO "checks" VALUES(691,'check','lost_space','match',NULL,'why','','');
INSERT INTO "checks" VALUES(692,'check','check_0','match',NULL,'','','');
INSERT INTO "checks" VALUES(692,'check','check_1','match',NULL,'','','');
INSERT INTO "checks" VALUES(692,'check','check_2','match',NULL,'','','');
INSERT INTO "checks" VALUES(693,'check','call_schema','match',NULL,'why','','');
INSERT INTO "checks" VALUES(693,'check','usage','differ',NULL,'why','','');
INSERT INTO "checks" VALUES(694,'check','check_0','match',NULL,'','','');
INSERT INTO "checks" VALUES(694,'check','check_1','match',NULL,'','','');
INSERT INTO "checks" VALUES(694,'check','check_2','match',NULL,'','','');
CREATE TABLE "exchanges" (
   "no" INTEGER PRIMARY KEY,
   "id" TEXT NOT NULL,
   "role" TEXT NOT NULL,
   "started" REAL NOT NULL,
   "route" TEXT NOT NULL,
   "provider" TEXT NOT NULL,
   "reference" TEXT NOT NULL,
   "model" TEXT NOT NULL,
   "stream" INTEGER NOT NULL,
   "tag" TEXT NOT NULL,
   "conversation" TEXT NOT NULL,
   "method" TEXT NOT NULL,
   "target" TEXT NOT NULL,
   "status" INTEGER,
   "failure" TEXT NOT NULL,
   "failure_detail" TEXT NOT NULL,
   "unread" TEXT NOT NULL,
   "echoed_model" TEXT NOT NULL,
   "fingerprint" TEXT NOT NULL,
   "finish_reason" TEXT NOT NULL,
   "prompt_tokens" INTEGER,
   "completion_tokens" INTEGER,
   "seconds" REAL NOT NULL,
   "overhead" REAL NOT NULL,
   "head_seconds" REAL,
   "first_chunk" REAL,
   "first_token" REAL,
   "request_size" INTEGER NOT NULL,
   "request_digest" TEXT NOT NULL,
   "response_size" INTEGER NOT NULL,
   "response_digest" TEXT NOT NULL
) STRICT;
INSERT INTO "exchanges" VALUES(1,'pair-0','primary',0.0,'default','near','official','qwen',1,'','talk-1','POST','/v1/chat/completions',200,'','','','qwen','fp','stop',10,4,1.5,0.001,0.2,0.25,0.5,17,'d1',5400,'d2');
INSERT INTO "exchanges" VALUES(220,'pair-219','primary',219.0,'default','near','official','qwen',1,'','talk-1','POST','/v1/chat/completions',200,'','','','qwen','fp','stop',10,4,1.5,0.001,0.2,0.25,0.5,17,'d1',5400,'d2');
INSERT INTO "exchanges" VALUES(659,'moving-219','primary',219.0,'default','near','official','qwen',1,'','talk-1','POST','/v1/chat/completions',200,'','','','qwen','fp','stop',10,4,1.5,0.001,0.2,0.25,0.5,17,'d1',5400,'d2');
INSERT INTO "exchanges" VALUES(660,'calm-219','primary',219.0,'default','near','official','qwen',1,'','talk-1','POST','/v1/chat/completions',200,'','','','qwen','fp','stop',10,4,1.5,0.001,0.2,0.25,0.5,17,'d1',5400,'d2');
INSERT INTO "exchanges" VALUES(661,'cached-0','primary',0.0,'default','near','official','qwen',1,'','talk-1','POST','/v1/chat/completions',200,'','','','qwen','fp','stop',10,4,1.5,0.001,0.2,0.25,0.5,17,'d1',5400,'d2');
INSERT INTO "exchanges" VALUES(691,'tools','primary',1790000000.0,'default','near','official','qwen',1,'','talk-1','POST','/v1/chat/completions',200,'','','','qwen','fp','stop',10,4,1.5,0.001,0.2,0.25,0.5,17,'d1',5400,'d2');
INSERT INTO "exchanges" VALUES(692,'tools-shadow','shadow',1790000001.0,'default','official','','qwen',1,'','talk-1','POST','/v1/chat/completions',200,'','','','qwen','fp','stop',10,4,1.5,0.001,0.2,0.25,0.5,17,'d1',5400,'d2');
INSERT INTO "exchanges" VALUES(693,'calls','primary',1790000000.0,'default','near','official','qwen',1,'','talk-1','POST','/v1/chat/completions',200,'','','','qwen','fp','stop',10,4,1.5,0.001,0.2,0.25,0.5,17,'d1',5400,'d2');
INSERT INTO "exchanges" VALUES(694,'calls-shadow','shadow',1790000001.0,'default','official','','qwen',1,'','talk-1','POST','/v1/chat/completions',200,'','','','qwen','fp','stop',10,4,1.5,0.001,0.2,0.25,0.5,17,'d1',5400,'d2');
CREATE TABLE "findings" (
   "pair_no" INTEGER NOT NULL REFERENCES "pairs"("no") ON DELETE CASCADE,
   "exchange_id" TEXT NOT NULL,
   "comparison" TEXT NOT NULL,
   "aspect" TEXT NOT NULL,
   "state" TEXT NOT NULL,
   "score" REAL,
   "reason" TEXT NOT NULL,
   "subject" TEXT NOT NULL,
   "reference" TEXT NOT NULL
) STRICT;
INSERT INTO "findings" VALUES(691,'tools','cross','action','differ',0.5,'why','','');
INSERT INTO "findings" VALUES(691,'tools','cross','trigger','differ',0.5,'why','','');
INSERT INTO "findings" VALUES(691,'tools','cross','tool_names','not_comparable',0.5,'why','','');
INSERT INTO "findings" VALUES(691,'tools','cross','arguments','not_measured',0.5,'why','','');
INSERT INTO "findings" VALUES(691,'tools','cross','schema','match',0.5,'why','','');
INSERT INTO "findings" VALUES(692,'calls','cross','action','match',0.5,'why','','');
INSERT INTO "findings" VALUES(692,'calls','cross','trigger','match',0.5,'why','','');
INSERT INTO "findings" VALUES(692,'calls','cross','tool_names','differ',0.5,'why','','');
INSERT INTO "findings" VALUES(692,'calls','cross','arguments','differ',0.5,'why','','');
INSERT INTO "findings" VALUES(692,'calls','cross','schema','differ',0.5,'why','','');
CREATE TABLE "handovers" (
   "source" TEXT PRIMARY KEY,
   "stored" INTEGER NOT NULL
) STRICT;
CREATE TABLE "identities" (
   "exchange_no" INTEGER NOT NULL,
   "exchange_id" TEXT NOT NULL,
   "started" REAL NOT NULL,
   "provider" TEXT NOT NULL,
   "model" TEXT NOT NULL,
   "identity" TEXT NOT NULL,
   "previous" TEXT NOT NULL,
   "changes" TEXT NOT NULL,
   "facts" TEXT NOT NULL
) STRICT;
CREATE TABLE "leases" (
   "name" TEXT NOT NULL,
   "holder" TEXT NOT NULL,
   "until" REAL NOT NULL
) STRICT;
CREATE TABLE "paces" (
   "provider" TEXT NOT NULL,
   "model" TEXT NOT NULL,
   "measure" TEXT NOT NULL,
   "last_no" INTEGER NOT NULL,
   "snapshot" TEXT NOT NULL
) STRICT;
CREATE TABLE "pairs" (
   "no" INTEGER PRIMARY KEY,
   "id" TEXT NOT NULL,
   "started" REAL NOT NULL,
   "route" TEXT NOT NULL,
   "model" TEXT NOT NULL,
   "provider" TEXT NOT NULL,
   "reference" TEXT NOT NULL,
   "conversation" TEXT NOT NULL,
   "request_fingerprint" TEXT NOT NULL,
   "subject_id" TEXT NOT NULL REFERENCES "exchanges"("id") ON DELETE CASCADE,
   "reference_id" TEXT NOT NULL,
   "control_id" TEXT NOT NULL,
   "control_reason" TEXT NOT NULL,
   "comparable" TEXT NOT NULL,
   "alterations" TEXT NOT NULL
, "shape" TEXT NOT NULL DEFAULT '{}') STRICT;
INSERT INTO "pairs" VALUES(1,'pair-0',0.0,'default','m','p','r','','','pair-0','','','','','[]','{}');
INSERT INTO "pairs" VALUES(220,'pair-219',219.0,'default','m','p','r','','','pair-219','','','','','[]','{}');
INSERT INTO "pairs" VALUES(659,'moving-219',219.0,'default','m','moving','r2','c219','','moving-219','','','','','[]','{}');
INSERT INTO "pairs" VALUES(660,'calm-219',219.0,'default','m','calm','r2','c219','','calm-219','','','','','[]','{}');
INSERT INTO "pairs" VALUES(661,'cached-0',0.0,'default','m','cached','r','','','cached-0','','','','','[]','{}');
INSERT INTO "pairs" VALUES(691,'tools',1790000000.0,'default','qwen','near','official','talk-1','ask','tools','tools-shadow','','','','[]','{}');
INSERT INTO "pairs" VALUES(692,'calls',1790000000.0,'default','qwen','near','official','talk-1','ask','calls','calls-shadow','','','','[]','{}');
CREATE TABLE passages (
  began INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, role TEXT NOT NULL,
  requests INTEGER NOT NULL, asked INTEGER NOT NULL, failures INTEGER NOT NULL, errors INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, accepted INTEGER, refused INTEGER,
  PRIMARY KEY (began, provider, model, role)
) STRICT, WITHOUT ROWID
;
INSERT INTO "passages" VALUES(0,'near','qwen','primary',690,690,0,0,6900,2760,10,NULL);
INSERT INTO "passages" VALUES(1789999800,'near','qwen','primary',2,2,0,0,20,8,10,NULL);
INSERT INTO "passages" VALUES(1789999800,'official','qwen','shadow',2,2,0,0,20,8,10,NULL);
CREATE TABLE "payloads" (
   "exchange_no" INTEGER PRIMARY KEY REFERENCES "exchanges"("no") ON DELETE CASCADE,
   "request_headers" TEXT NOT NULL,
   "response_headers" TEXT NOT NULL,
   "request_body" BLOB,
   "response_body" BLOB,
   "marks" BLOB NOT NULL
, request_base INTEGER REFERENCES payloads(exchange_no)) STRICT;
INSERT INTO "payloads" VALUES(1,'[["content-type", "application/json"]]','[]',X'28B52FFD20118900007B226D6F64656C223A20227177656E227D',X'28B52FFD601814ED01001403646174613A207B2263686F69636573223A205B7B2264656C7461226F6E74656E74223A2022517569746F227D7D5D7D0A0A0200BE29ABDE56618E01',X'28B52FFD2010450000100000010032C002',NULL);
INSERT INTO "payloads" VALUES(220,'[["content-type", "application/json"]]','[]',X'28B52FFD20118900007B226D6F64656C223A20227177656E227D',X'28B52FFD601814ED01001403646174613A207B2263686F69636573223A205B7B2264656C7461226F6E74656E74223A2022517569746F227D7D5D7D0A0A0200BE29ABDE56618E01',X'28B52FFD2010450000100000010032C002',NULL);
INSERT INTO "payloads" VALUES(659,'[["content-type", "application/json"]]','[]',X'28B52FFD20118900007B226D6F64656C223A20227177656E227D',X'28B52FFD601814ED01001403646174613A207B2263686F69636573223A205B7B2264656C7461226F6E74656E74223A2022517569746F227D7D5D7D0A0A0200BE29ABDE56618E01',X'28B52FFD2010450000100000010032C002',NULL);
INSERT INTO "payloads" VALUES(660,'[["content-type", "application/json"]]','[]',X'28B52FFD20118900007B226D6F64656C223A20227177656E227D',X'28B52FFD601814ED01001403646174613A207B2263686F69636573223A205B7B2264656C7461226F6E74656E74223A2022517569746F227D7D5D7D0A0A0200BE29ABDE56618E01',X'28B52FFD2010450000100000010032C002',NULL);
INSERT INTO "payloads" VALUES(661,'[["content-type", "application/json"]]','[]',X'28B52FFD20118900007B226D6F64656C223A20227177656E227D',X'28B52FFD601814ED01001403646174613A207B2263686F69636573223A205B7B2264656C7461226F6E74656E74223A2022517569746F227D7D5D7D0A0A0200BE29ABDE56618E01',X'28B52FFD2010450000100000010032C002',NULL);
INSERT INTO "payloads" VALUES(691,'[["content-type", "application/json"]]','[]',X'28B52FFD20118900007B226D6F64656C223A20227177656E227D',X'28B52FFD601814ED01001403646174613A207B2263686F69636573223A205B7B2264656C7461226F6E74656E74223A2022517569746F227D7D5D7D0A0A0200BE29ABDE56618E01',X'28B52FFD2010450000100000010032C002',NULL);
INSERT INTO "payloads" VALUES(692,'[["content-type", "application/json"]]','[]',X'28B52FFD20118900007B226D6F64656C223A20227177656E227D',X'28B52FFD601814ED01001403646174613A207B2263686F69636573223A205B7B2264656C7461226F6E74656E74223A2022517569746F227D7D5D7D0A0A0200BE29ABDE56618E01',X'28B52FFD2010450000100000010032C002',NULL);
INSERT INTO "payloads" VALUES(693,'[["content-type", "application/json"]]','[]',X'28B52FFD20118900007B226D6F64656C223A20227177656E227D',X'28B52FFD601814ED01001403646174613A207B2263686F69636573223A205B7B2264656C7461226F6E74656E74223A2022517569746F227D7D5D7D0A0A0200BE29ABDE56618E01',X'28B52FFD2010450000100000010032C002',NULL);
INSERT INTO "payloads" VALUES(694,'[["content-type", "application/json"]]','[]',X'28B52FFD20118900007B226D6F64656C223A20227177656E227D',X'28B52FFD601814ED01001403646174613A207B2263686F69636573223A205B7B2264656C7461226F6E74656E74223A2022517569746F227D7D5D7D0A0A0200BE29ABDE56618E01',X'28B52FFD2010450000100000010032C002',NULL);
CREATE TABLE "payoffs" (
   "pair_no" INTEGER NOT NULL REFERENCES "pairs"("no") ON DELETE CASCADE,
   "signal" TEXT NOT NULL,
   "payoff" INTEGER NOT NULL
) STRICT;
INSERT INTO "payoffs" VALUES(1,'tool_names',0);
INSERT INTO "payoffs" VALUES(1,'args',0);
INSERT INTO "payoffs" VALUES(1,'error',0);
INSERT INTO "payoffs" VALUES(220,'tool_names',1);
INSERT INTO "payoffs" VALUES(220,'args',1);
INSERT INTO "payoffs" VALUES(220,'error',0);
INSERT INTO "payoffs" VALUES(659,'trigger',1);
INSERT INTO "payoffs" VALUES(659,'action',1);
INSERT INTO "payoffs" VALUES(659,'trigger_rate',0);
INSERT INTO "payoffs" VALUES(659,'error',0);
INSERT INTO "payoffs" VALUES(660,'trigger',1);
INSERT INTO "payoffs" VALUES(660,'action',1);
INSERT INTO "payoffs" VALUES(660,'trigger_rate',0);
INSERT INTO "payoffs" VALUES(660,'error',0);
INSERT INTO "payoffs" VALUES(661,'tool_names',0);
INSERT INTO "payoffs" VALUES(661,'args',0);
INSERT INTO "payoffs" VALUES(661,'error',0);
INSERT INTO "payoffs" VALUES(691,'action',1);
INSERT INTO "payoffs" VALUES(692,'action',1);
CREATE TABLE "rulings" (
   "pair_no" INTEGER PRIMARY KEY REFERENCES "pairs"("no") ON DELETE CASCADE,
   "reason" TEXT NOT NULL
) STRICT;
INSERT INTO "rulings" VALUES(1,'');
INSERT INTO "rulings" VALUES(220,'');
INSERT INTO "rulings" VALUES(659,'');
INSERT INTO "rulings" VALUES(660,'');
INSERT INTO "rulings" VALUES(661,'');
CREATE TABLE "secrets" (
   "name" TEXT NOT NULL,
   "value" BLOB NOT NULL
) STRICT;
CREATE TABLE "spending" (
   "hour" INTEGER PRIMARY KEY,
   "requests" INTEGER NOT NULL,
   "tokens" INTEGER NOT NULL,
   "money" REAL NOT NULL
) STRICT;
CREATE TABLE tallies (
  began INTEGER NOT NULL, route TEXT NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL, reference TEXT NOT NULL,
  comparison TEXT NOT NULL, aspect TEXT NOT NULL, state TEXT NOT NULL, control_reason TEXT NOT NULL, times INTEGER NOT NULL,
  PRIMARY KEY (began, route, model, provider, reference, comparison, aspect, state, control_reason)
) STRICT, WITHOUT ROWID
;
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','check','call_schema','differ','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','check','call_schema','match','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','check','lost_space','match','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','check','usage','differ','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','cross','action','differ','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','cross','action','match','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','cross','arguments','differ','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','cross','arguments','not_measured','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','cross','schema','differ','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','cross','schema','match','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','cross','tool_names','differ','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','cross','tool_names','not_comparable','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','cross','trigger','differ','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','near','official','cross','trigger','match','',1);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','official','','check','check_0','match','',2);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','official','','check','check_1','match','',2);
INSERT INTO "tallies" VALUES(1789999800,'default','qwen','official','','check','check_2','match','',2);
CREATE TABLE "tool_calls" (
   "exchange_no" INTEGER NOT NULL REFERENCES "exchanges"("no") ON DELETE CASCADE,
   "position" INTEGER NOT NULL,
   "call_id" TEXT NOT NULL,
   "name" TEXT NOT NULL,
   "arguments" TEXT NOT NULL,
   "outcome" TEXT NOT NULL
) STRICT;
INSERT INTO "tool_calls" VALUES(691,0,'call_0','weather','{"city": "Quito"}','valid');
INSERT INTO "tool_calls" VALUES(691,1,'call_1','weather','{"city": "Quito"}','valid');
INSERT INTO "tool_calls" VALUES(692,0,'call_0','weather','{"city": "Quito"}','valid');
INSERT INTO "tool_calls" VALUES(692,1,'call_1','weather','{"city": "Quito"}','valid');
INSERT INTO "tool_calls" VALUES(693,0,'call_0','weather','{"city": "Quito"}','valid');
INSERT INTO "tool_calls" VALUES(693,1,'call_1','weather','{"city": "Quito"}','valid');
INSERT INTO "tool_calls" VALUES(694,0,'call_0','weather','{"city": "Quito"}','valid');
INSERT INTO "tool_calls" VALUES(694,1,'call_1','weather','{"city": "Quito"}','valid');
CREATE TABLE "trials" (
   "pair_no" INTEGER PRIMARY KEY REFERENCES "pairs"("no") ON DELETE CASCADE,
   "kind" TEXT NOT NULL,
   "excluded" TEXT NOT NULL
) STRICT;
INSERT INTO "trials" VALUES(1,'1 to 3 tools','');
INSERT INTO "trials" VALUES(220,'1 to 3 tools','');
INSERT INTO "trials" VALUES(661,'','cached');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX "idx_exchanges_id"
    ON "exchanges" ("id");
CREATE UNIQUE INDEX "idx_pairs_id"
    ON "pairs" ("id");
CREATE INDEX "idx_exchanges_started"
    ON "exchanges" ("started");
CREATE INDEX "idx_tool_calls_exchange_no"
    ON "tool_calls" ("exchange_no");
CREATE INDEX "idx_pairs_started"
    ON "pairs" ("started");
CREATE INDEX "idx_pairs_provider_started"
    ON "pairs" ("provider", "started");
CREATE INDEX "idx_pairs_model_started"
    ON "pairs" ("model", "started");
CREATE INDEX "idx_pairs_subject_id"
    ON "pairs" ("subject_id");
CREATE INDEX "idx_pairs_reference_id"
    ON "pairs" ("reference_id");
CREATE INDEX "idx_pairs_control_id"
    ON "pairs" ("control_id");
CREATE INDEX "idx_findings_pair_no_comparison_aspect_state"
    ON "findings" ("pair_no", "comparison", "aspect", "state");
CREATE INDEX "idx_payoffs_pair_no"
    ON "payoffs" ("pair_no");
CREATE INDEX "idx_identities_started"
    ON "identities" ("started");
CREATE INDEX idx_payloads_request_base ON payloads(request_base) WHERE request_base IS NOT NULL;
CREATE UNIQUE INDEX "idx_cases_route_model_provider_reference"
    ON "cases" ("route", "model", "provider", "reference");
CREATE INDEX "idx_alarms_at"
    ON "alarms" ("at");
CREATE UNIQUE INDEX "idx_leases_name"
    ON "leases" ("name");
CREATE INDEX "idx_checks_exchange_no"
    ON "checks" ("exchange_no");
CREATE UNIQUE INDEX "idx_alarms_pair_id_route_model_provider_reference_old_new_name"
    ON "alarms" ("pair_id", "route", "model", "provider", "reference", "old", "new", "name");
CREATE INDEX idx_alarms_told ON alarms(told) WHERE told = 0;
CREATE UNIQUE INDEX "idx_paces_provider_model_measure"
    ON "paces" ("provider", "model", "measure");
CREATE UNIQUE INDEX "idx_secrets_name"
    ON "secrets" ("name");
CREATE INDEX idx_checks_failed ON checks(exchange_no) WHERE state = 'differ';
COMMIT;
