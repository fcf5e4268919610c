BEGIN TRANSACTION;
CREATE TABLE charges (
	"key" VARCHAR NOT NULL, 
	researcher VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	nominal_minutes FLOAT NOT NULL, 
	input_tokens INTEGER NOT NULL, 
	output_tokens INTEGER NOT NULL, 
	money_usd FLOAT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY ("key"), 
	CHECK (kind IN ('run', 'model')), 
	FOREIGN KEY(researcher) REFERENCES researchers (name)
);
INSERT INTO "charges" VALUES('vanilla-dev-none-0','lab','run',0.3,0,0,0.0,1.79599478948592019078e+09);
INSERT INTO "charges" VALUES('gains-dev-none-0','r1','run',0.3,0,0,0.0,1.79599478954919624328e+09);
INSERT INTO "charges" VALUES('gains-sealed-none-0','r1','run',0.3,0,0,0.0,1.79599478959729337689e+09);
INSERT INTO "charges" VALUES('fails-dev-none-0','r1','run',0.3,0,0,0.0,1.79599478965978407861e+09);
INSERT INTO "charges" VALUES('fails-dev-none-1','r1','run',0.3,0,0,0.0,1.79599478966098475458e+09);
INSERT INTO "charges" VALUES('lost-dev-none-0','r1','run',0.3,0,0,0.0,1.79599478969624352453e+09);
INSERT INTO "charges" VALUES('withdrawn-dev-none-0','r1','run',0.3,0,0,0.0,1.79599478972851562498e+09);
INSERT INTO "charges" VALUES('cancelled-dev-none-0','r1','run',0.3,0,0,0.0,1.79599478975374341012e+09);
INSERT INTO "charges" VALUES('overruled-dev-none-0','r2','run',0.3,0,0,0.0,1.79599478980539274219e+09);
INSERT INTO "charges" VALUES('twin-dev-none-0','r2','run',0.3,0,0,0.0,1.79599478985905075065e+09);
INSERT INTO "charges" VALUES('by-a-person-dev-none-0','operator','run',0.3,0,0,0.0,1.79599478989567446713e+09);
INSERT INTO "charges" VALUES('practised-practice-none-0','r1','run',0.3,0,0,0.0,1.79599478993182492259e+09);
INSERT INTO "charges" VALUES('model:r1:a1','r1','model',0.0,120345,1234,6.32575000000000109423e-01,1.7960457877805027962e+09);
INSERT INTO "charges" VALUES('model:r1:a2','r1','model',0.0,10,1,3.00000000000000044408e-01,1.79604578778298640253e+09);
INSERT INTO "charges" VALUES('model:r2:a1','r2','model',0.0,7,3,0.0,1.79604578778347134587e+09);
CREATE TABLE comments (
	id INTEGER NOT NULL, 
	post INTEGER NOT NULL, 
	researcher VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	at FLOAT NOT NULL, request VARCHAR, 
	PRIMARY KEY (id), 
	FOREIGN KEY(post) REFERENCES posts (id), 
	FOREIGN KEY(researcher) REFERENCES researchers (name)
);
INSERT INTO "comments" VALUES(1,1,'r2','a remark',1.79599479010214114192e+09,NULL);
CREATE TABLE ledger (
	seq INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	at VARCHAR NOT NULL, 
	previous VARCHAR NOT NULL, 
	hash VARCHAR NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (hash)
);
INSERT INTO "ledger" VALUES(1,'lab','{"settings":{"feedback":"ladder"},"testbed":"mini-chat"}','2026-11-29T23:26:29.345+00:00','0000000000000000000000000000000000000000000000000000000000000000','27f3091c3727f7838dd8584c3a3e7a5f3dd0a152e0c667fa7a0f1b9b4400524e');
INSERT INTO "ledger" VALUES(2,'submission','{"claim":"much better","code_hash":"vanilla","commit":"0000000000000000000000000000000000000000","created":1795994789.3627644,"id":"s1","parents":[],"request":"request of vanilla","researcher":"lab","summary":"","title":"vanilla"}','2026-11-29T23:26:29.365+00:00','27f3091c3727f7838dd8584c3a3e7a5f3dd0a152e0c667fa7a0f1b9b4400524e','740ac658afd0b9e61ec3c19b33c99231092be9b425741737bee52fc08c152f26');
INSERT INTO "ledger" VALUES(3,'run','{"blob":"vanilla-dev-none-0","code_hash":"vanilla","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.4433522,"denied":{"ptrace":1},"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994789.4846303,"intervention":"none","key":"vanilla-dev-none-0","logged":{"loss":0.5},"nominal_cost":1.0,"pair_index":0,"ready":1,"researcher":"lab","seconds":1.1234567890123457,"split":"dev","started":null,"state":"done","student_seed":"0badcafe","submission":"s1","supervisor_seed":0,"tries":0}','2026-11-29T23:26:29.485+00:00','740ac658afd0b9e61ec3c19b33c99231092be9b425741737bee52fc08c152f26','e62ec911aa7eb075b3ebee6b5131a0bac906d0b7773503bd908337dc07bc45de');
INSERT INTO "ledger" VALUES(4,'charge','{"at":1795994789.4859202,"input_tokens":0,"key":"vanilla-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"lab"}','2026-11-29T23:26:29.501+00:00','e62ec911aa7eb075b3ebee6b5131a0bac906d0b7773503bd908337dc07bc45de','ea59caaa726fc38a37375da57bad52a0591a4c7d06473135bfa793cb3d9a0176');
INSERT INTO "ledger" VALUES(5,'verdict','{"at":1795994789.5192058,"figures":{"n":600,"note":"baseline","seeds":1},"reply":"baseline","rule":null,"stage":"dev","status":"pending","submission":"s1"}','2026-11-29T23:26:29.520+00:00','ea59caaa726fc38a37375da57bad52a0591a4c7d06473135bfa793cb3d9a0176','73c0a96237dda3def3276bb8b2cc418d0dd31ea8494e7464bc59384c68839a32');
INSERT INTO "ledger" VALUES(6,'note','{"items":600,"ladder":{"holder":"s1","record":0.6612}}','2026-11-29T23:26:29.521+00:00','73c0a96237dda3def3276bb8b2cc418d0dd31ea8494e7464bc59384c68839a32','670857ce6f0fefbcbe78d34bc39b489859be813a1a9c9f548d3181b73f3c33c7');
INSERT INTO "ledger" VALUES(7,'submission','{"claim":"much better","code_hash":"gains","commit":"0000000000000000000000000000000000000000","created":1795994789.5219018,"id":"s2","parents":[],"request":"request of gains","researcher":"r1","summary":"","title":"a method"}','2026-11-29T23:26:29.547+00:00','670857ce6f0fefbcbe78d34bc39b489859be813a1a9c9f548d3181b73f3c33c7','8fe74048e1756849c78b5caa2a728c1fd826ee2ff09280375ac07207b2073d2a');
INSERT INTO "ledger" VALUES(8,'run','{"blob":"gains-dev-none-0","code_hash":"gains","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.5484257,"denied":{},"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994789.5488594,"intervention":"none","key":"gains-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"ready":1,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"done","student_seed":"0badcafe","submission":"s2","supervisor_seed":0,"tries":0}','2026-11-29T23:26:29.549+00:00','8fe74048e1756849c78b5caa2a728c1fd826ee2ff09280375ac07207b2073d2a','66f9e276f03c50400a1504845579552491b58f10d32b16d8c60134983643ed11');
INSERT INTO "ledger" VALUES(9,'charge','{"at":1795994789.5491962,"input_tokens":0,"key":"gains-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:26:29.549+00:00','66f9e276f03c50400a1504845579552491b58f10d32b16d8c60134983643ed11','84ac34e69365454c5764163845c423502a7d0adea27c256e9147f883378a72fc');
INSERT INTO "ledger" VALUES(10,'verdict','{"at":1795994789.5495558,"figures":{"attempt":1,"champion":"s1","n":600,"seeds":3},"reply":"a would-be record: being reproduced on fresh seeds and items","rule":null,"stage":"dev","status":"pending","submission":"s2"}','2026-11-29T23:26:29.549+00:00','84ac34e69365454c5764163845c423502a7d0adea27c256e9147f883378a72fc','edc74357710398c81446e4b344f6010437e5fcaf83da8f95c9e2e3805881d8b1');
INSERT INTO "ledger" VALUES(11,'run','{"blob":"gains-sealed-none-0","code_hash":"gains","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.596171,"denied":null,"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994789.5968628,"intervention":"none","key":"gains-sealed-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"ready":1,"researcher":"r1","seconds":1.1234567890123457,"split":"sealed","started":null,"state":"done","student_seed":"0badcafe","submission":"s2","supervisor_seed":0,"tries":0}','2026-11-29T23:26:29.597+00:00','edc74357710398c81446e4b344f6010437e5fcaf83da8f95c9e2e3805881d8b1','f6b044f865de581e1758d97b7faaf3ed7994178c16c775505f42f68a1c8334a0');
INSERT INTO "ledger" VALUES(12,'charge','{"at":1795994789.5972934,"input_tokens":0,"key":"gains-sealed-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:26:29.597+00:00','f6b044f865de581e1758d97b7faaf3ed7994178c16c775505f42f68a1c8334a0','8a502a9ce66d9ad278b5c6ab930e0f6f154b7ef1c270ec2f9badd248c2a956eb');
INSERT INTO "ledger" VALUES(13,'submission','{"claim":"much better","code_hash":"fails","commit":"0000000000000000000000000000000000000000","created":1795994789.6296737,"id":"s3","parents":[],"request":"request of fails","researcher":"r1","summary":"","title":"a method"}','2026-11-29T23:26:29.642+00:00','8a502a9ce66d9ad278b5c6ab930e0f6f154b7ef1c270ec2f9badd248c2a956eb','91c381a1708519c3a088928f143150813e56e2e631866246ecfed236e5c471ea');
INSERT INTO "ledger" VALUES(14,'run','{"blob":null,"code_hash":"fails","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.643349,"denied":null,"error_file":"method.py","error_line":3,"error_rule":null,"error_type":"ValueError","figures":{},"finished":1795994789.6593559,"intervention":"none","key":"fails-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"ready":1,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"failed","student_seed":"0badcafe","submission":"s3","supervisor_seed":0,"tries":0}','2026-11-29T23:26:29.659+00:00','91c381a1708519c3a088928f143150813e56e2e631866246ecfed236e5c471ea','a3bbeb5b5686eaa94482b3c2f971e73674c29abef9a6e4eb7129cf30dad0e87f');
INSERT INTO "ledger" VALUES(15,'charge','{"at":1795994789.659784,"input_tokens":0,"key":"fails-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:26:29.659+00:00','a3bbeb5b5686eaa94482b3c2f971e73674c29abef9a6e4eb7129cf30dad0e87f','c39e78858c8d98daaffd1ce3603ac963a0708172f683615e3890df47c01621f0');
INSERT INTO "ledger" VALUES(16,'run','{"blob":null,"code_hash":"fails","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.6601455,"denied":null,"error_file":null,"error_line":null,"error_rule":"another run of this code failed","error_type":null,"figures":{},"finished":1795994789.6606941,"intervention":"none","key":"fails-dev-none-1","logged":{},"nominal_cost":1.0,"pair_index":1,"ready":1,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"cancelled","student_seed":"0badcafe","submission":"s3","supervisor_seed":1,"tries":0}','2026-11-29T23:26:29.660+00:00','c39e78858c8d98daaffd1ce3603ac963a0708172f683615e3890df47c01621f0','2e2f83febe1bd1d2718b3f258db857868771131548970a58e92c0b54f36126a7');
INSERT INTO "ledger" VALUES(17,'charge','{"at":1795994789.6609848,"input_tokens":0,"key":"fails-dev-none-1","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:26:29.661+00:00','2e2f83febe1bd1d2718b3f258db857868771131548970a58e92c0b54f36126a7','c0588c107f2ae396fa9ad0d4843835743509c4cd056105afcba4ab9e3325b5d8');
INSERT INTO "ledger" VALUES(18,'verdict','{"at":1795994789.6614048,"figures":{"n":600,"note":"run failed","seeds":0},"reply":"ValueError in method.py, line 3","rule":null,"stage":"dev","status":"failed","submission":"s3"}','2026-11-29T23:26:29.661+00:00','c0588c107f2ae396fa9ad0d4843835743509c4cd056105afcba4ab9e3325b5d8','2928f47ffd2cf5352b4b081eedcc5700b3703d83f8f89e27806ed8dc134e2f6e');
INSERT INTO "ledger" VALUES(19,'submission','{"claim":"much better","code_hash":"lost","commit":"0000000000000000000000000000000000000000","created":1795994789.6621015,"id":"s4","parents":[],"request":"request of lost","researcher":"r1","summary":"","title":"a method"}','2026-11-29T23:26:29.695+00:00','2928f47ffd2cf5352b4b081eedcc5700b3703d83f8f89e27806ed8dc134e2f6e','370c86bafa05b2b214589d34cc27fbf078671746ea748d1a1e88ba99b361ffc0');
INSERT INTO "ledger" VALUES(20,'run','{"blob":null,"code_hash":"lost","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.6955218,"denied":null,"error_file":null,"error_line":null,"error_rule":"no sandbox started","error_type":null,"figures":{},"finished":1795994789.6959412,"intervention":"none","key":"lost-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"ready":1,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"lost","student_seed":"0badcafe","submission":"s4","supervisor_seed":0,"tries":0}','2026-11-29T23:26:29.696+00:00','370c86bafa05b2b214589d34cc27fbf078671746ea748d1a1e88ba99b361ffc0','81e2f1410409d148d417a7d337548a39d3c1ce7249ca33492ac3a177423f0217');
INSERT INTO "ledger" VALUES(21,'charge','{"at":1795994789.6962435,"input_tokens":0,"key":"lost-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:26:29.696+00:00','81e2f1410409d148d417a7d337548a39d3c1ce7249ca33492ac3a177423f0217','bd16727228beea67dd18a0d180e95563a2b1fa55c7c2a6005542ffa5279fd16b');
INSERT INTO "ledger" VALUES(22,'verdict','{"at":1795994789.6966136,"figures":{"n":600,"note":"run lost","seeds":0},"reply":"the lab lost a run of this submission; the code is not blamed: hand the same code in again, it costs nothing","rule":null,"stage":"dev","status":"failed","submission":"s4"}','2026-11-29T23:26:29.697+00:00','bd16727228beea67dd18a0d180e95563a2b1fa55c7c2a6005542ffa5279fd16b','2b653d3b875bd945327df5ddbd626400afbfa30aaea76f23be411b6693b61db8');
INSERT INTO "ledger" VALUES(23,'submission','{"claim":"much better","code_hash":"withdrawn","commit":"0000000000000000000000000000000000000000","created":1795994789.6972885,"id":"s5","parents":[],"request":"request of withdrawn","researcher":"r1","summary":"","title":"a method"}','2026-11-29T23:26:29.727+00:00','2b653d3b875bd945327df5ddbd626400afbfa30aaea76f23be411b6693b61db8','28ee4dfa3cb63eef7388af8481846126de30d571abdad9aae81bf85892ec933d');
INSERT INTO "ledger" VALUES(24,'run','{"blob":null,"code_hash":"withdrawn","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.7276642,"denied":null,"error_file":null,"error_line":null,"error_rule":"withdrawn by its author","error_type":null,"figures":{},"finished":1795994789.7282205,"intervention":"none","key":"withdrawn-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"ready":1,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"cancelled","student_seed":"0badcafe","submission":"s5","supervisor_seed":0,"tries":0}','2026-11-29T23:26:29.728+00:00','28ee4dfa3cb63eef7388af8481846126de30d571abdad9aae81bf85892ec933d','e88a16794b34cd69ec5e1d6050a980dde836b444bc96997c79e88eb318aedf9c');
INSERT INTO "ledger" VALUES(25,'charge','{"at":1795994789.7285156,"input_tokens":0,"key":"withdrawn-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:26:29.728+00:00','e88a16794b34cd69ec5e1d6050a980dde836b444bc96997c79e88eb318aedf9c','c8e4bfd83555c77b0006c2c983d87566ced0aa4a74c98c8593ed726da20efea7');
INSERT INTO "ledger" VALUES(26,'verdict','{"at":1795994789.751128,"figures":{"n":600,"note":"cancelled","seeds":0},"reply":"withdrawn by its author","rule":null,"stage":"dev","status":"failed","submission":"s5"}','2026-11-29T23:26:29.751+00:00','c8e4bfd83555c77b0006c2c983d87566ced0aa4a74c98c8593ed726da20efea7','d33450403d1589fcd92baf29449c2e48d61eba56a32b72f519c36b8937f4b377');
INSERT INTO "ledger" VALUES(27,'submission','{"claim":"much better","code_hash":"cancelled","commit":"0000000000000000000000000000000000000000","created":1795994789.7520347,"id":"s6","parents":[],"request":"request of cancelled","researcher":"r2","summary":"","title":"a method"}','2026-11-29T23:26:29.752+00:00','d33450403d1589fcd92baf29449c2e48d61eba56a32b72f519c36b8937f4b377','ce14f1948d02a5922123828fe33e8aa48516d12f71d9e07919703dabf9a5ec0e');
INSERT INTO "ledger" VALUES(28,'run','{"blob":null,"code_hash":"cancelled","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.7530296,"denied":null,"error_file":null,"error_line":null,"error_rule":"cancelled by the person who runs the lab: too slow","error_type":null,"figures":{},"finished":1795994789.7534535,"intervention":"none","key":"cancelled-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"ready":1,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"cancelled","student_seed":"0badcafe","submission":"s6","supervisor_seed":0,"tries":0}','2026-11-29T23:26:29.753+00:00','ce14f1948d02a5922123828fe33e8aa48516d12f71d9e07919703dabf9a5ec0e','b81441e8c3735febf2e4b039c943548fd23536058284944dc28e9280220fa24d');
INSERT INTO "ledger" VALUES(29,'charge','{"at":1795994789.7537434,"input_tokens":0,"key":"cancelled-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:26:29.782+00:00','b81441e8c3735febf2e4b039c943548fd23536058284944dc28e9280220fa24d','f3c052c4fb14d80db6556edbf69ca81cef7537408526a9c91c415254173cf330');
INSERT INTO "ledger" VALUES(30,'verdict','{"at":1795994789.7832122,"figures":{"n":600,"note":"cancelled","seeds":0},"reply":"cancelled by the person who runs the lab: too slow","rule":null,"stage":"dev","status":"failed","submission":"s6"}','2026-11-29T23:26:29.783+00:00','f3c052c4fb14d80db6556edbf69ca81cef7537408526a9c91c415254173cf330','305398c4ef844953413564e5182392a29d4d7e5158a5f6bc66636ba98408958d');
INSERT INTO "ledger" VALUES(31,'submission','{"claim":"much better","code_hash":"overruled","commit":"0000000000000000000000000000000000000000","created":1795994789.784027,"id":"s7","parents":[],"request":"request of overruled","researcher":"r2","summary":"","title":"a method"}','2026-11-29T23:26:29.784+00:00','305398c4ef844953413564e5182392a29d4d7e5158a5f6bc66636ba98408958d','4efad9b731b4f7c28b6e3e98eaec4a1ab0699857b7973d2e6336478b63165915');
INSERT INTO "ledger" VALUES(32,'run','{"blob":"overruled-dev-none-0","code_hash":"overruled","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.7855518,"denied":null,"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994789.7859573,"intervention":"none","key":"overruled-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"ready":1,"researcher":"r2","seconds":1.1234567890123457,"split":"dev","started":null,"state":"done","student_seed":"0badcafe","submission":"s7","supervisor_seed":0,"tries":0}','2026-11-29T23:26:29.786+00:00','4efad9b731b4f7c28b6e3e98eaec4a1ab0699857b7973d2e6336478b63165915','675c33ac00bc6e3c712fdcafb3b424f3daccebe99645ecf1a92f9d9cbd564a2a');
INSERT INTO "ledger" VALUES(33,'charge','{"at":1795994789.8053927,"input_tokens":0,"key":"overruled-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r2"}','2026-11-29T23:26:29.805+00:00','675c33ac00bc6e3c712fdcafb3b424f3daccebe99645ecf1a92f9d9cbd564a2a','85480aba078ddfa6b2bca449440cd56c1ea766a7538f964d8963e5c29f0d7eb0');
INSERT INTO "ledger" VALUES(34,'verdict','{"at":1795994789.8060794,"figures":{"n":600,"seeds":3},"reply":"no significant improvement over the record, which has accuracy 0.661 on dev","rule":null,"stage":"dev","status":"no_improvement","submission":"s7"}','2026-11-29T23:26:29.811+00:00','85480aba078ddfa6b2bca449440cd56c1ea766a7538f964d8963e5c29f0d7eb0','4ef496ef0f1227ba0f08ac37c85e41f6f9fc20f7db74b7c66979a14c2e31a7d8');
INSERT INTO "ledger" VALUES(35,'note','{"at":1795994789.8117545,"note":"it reads the clock","overruled":"s7","status":"violation","was":"no_improvement"}','2026-11-29T23:26:29.811+00:00','4ef496ef0f1227ba0f08ac37c85e41f6f9fc20f7db74b7c66979a14c2e31a7d8','edac3fdc238e040bce5b471e8a9c742eaf869e92b624456bc15afe7edc399115');
INSERT INTO "ledger" VALUES(36,'submission','{"claim":"much better","code_hash":"twin","commit":"0000000000000000000000000000000000000000","created":1795994789.8121958,"id":"s8","parents":[],"request":"request of twin","researcher":"r2","summary":"","title":"a method"}','2026-11-29T23:26:29.812+00:00','edac3fdc238e040bce5b471e8a9c742eaf869e92b624456bc15afe7edc399115','dae147f872df41200a25f40c2375863c8d72b1ab83878031b1efb5f886fe3895');
INSERT INTO "ledger" VALUES(37,'run','{"blob":"twin-dev-none-0","code_hash":"twin","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.8137236,"denied":null,"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994789.8141294,"intervention":"none","key":"twin-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"ready":1,"researcher":"r2","seconds":1.1234567890123457,"split":"dev","started":null,"state":"done","student_seed":"0badcafe","submission":"s8","supervisor_seed":0,"tries":0}','2026-11-29T23:26:29.858+00:00','dae147f872df41200a25f40c2375863c8d72b1ab83878031b1efb5f886fe3895','19c4df5aeb9df26751879a22fcfe9c71f7d9967a2730f3a65b78e7d14304ad83');
INSERT INTO "ledger" VALUES(38,'charge','{"at":1795994789.8590508,"input_tokens":0,"key":"twin-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r2"}','2026-11-29T23:26:29.859+00:00','19c4df5aeb9df26751879a22fcfe9c71f7d9967a2730f3a65b78e7d14304ad83','6d1b3e7243c72ac400bdf576e0217118fd6ce1e50aec8a6435437bb7682b1a46');
INSERT INTO "ledger" VALUES(39,'submission','{"claim":"much better","code_hash":"by-a-person","commit":"0000000000000000000000000000000000000000","created":1795994789.8609812,"id":"s9","parents":[],"request":"request of by-a-person","researcher":"operator","summary":"","title":"a method"}','2026-11-29T23:26:29.861+00:00','6d1b3e7243c72ac400bdf576e0217118fd6ce1e50aec8a6435437bb7682b1a46','ed68fcf21e5008ddac55296ea2396c675bf4290f3d778918351c34569074195c');
INSERT INTO "ledger" VALUES(40,'run','{"blob":"by-a-person-dev-none-0","code_hash":"by-a-person","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.894315,"denied":null,"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994789.8952816,"intervention":"none","key":"by-a-person-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"ready":1,"researcher":"operator","seconds":1.1234567890123457,"split":"dev","started":null,"state":"done","student_seed":"0badcafe","submission":"s9","supervisor_seed":0,"tries":0}','2026-11-29T23:26:29.895+00:00','ed68fcf21e5008ddac55296ea2396c675bf4290f3d778918351c34569074195c','0183c5986990fac4c14dff12a28729439b1b1eb7225bb53efc53ef830b4979b6');
INSERT INTO "ledger" VALUES(41,'charge','{"at":1795994789.8956745,"input_tokens":0,"key":"by-a-person-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"operator"}','2026-11-29T23:26:29.895+00:00','0183c5986990fac4c14dff12a28729439b1b1eb7225bb53efc53ef830b4979b6','a926befca7898c569a79b849aaacf71ca0c7d23e17f9b0b10a8b7731679a39de');
INSERT INTO "ledger" VALUES(42,'verdict','{"at":1795994789.8961592,"figures":{"n":600,"seeds":3},"reply":"no significant improvement over the record, which has accuracy 0.661 on dev","rule":null,"stage":"dev","status":"pending","submission":"s9"}','2026-11-29T23:26:29.903+00:00','a926befca7898c569a79b849aaacf71ca0c7d23e17f9b0b10a8b7731679a39de','57b7a0a191fc9dbddbca675c5e1bbf964d53850009f86cfd0df92ddb8e98bb04');
INSERT INTO "ledger" VALUES(43,'submission','{"claim":"much better","code_hash":"by-itself","commit":"0000000000000000000000000000000000000000","created":1795994789.9035225,"id":"s10","parents":[],"request":"request of by-itself","researcher":"fresh","summary":"","title":"a method"}','2026-11-29T23:26:29.904+00:00','57b7a0a191fc9dbddbca675c5e1bbf964d53850009f86cfd0df92ddb8e98bb04','85823e33165b128c9caf40d4aade524520dad51b59bd2a9b90638c60d8c106b1');
INSERT INTO "ledger" VALUES(44,'run','{"blob":null,"code_hash":"practised","commit":"0000000000000000000000000000000000000000","companions":0,"core_seconds":0.30000000000000004,"created":1795994789.93106,"denied":null,"error_file":null,"error_line":null,"error_rule":null,"error_type":"ValueError","figures":{},"finished":1795994789.9314525,"intervention":"none","key":"practised-practice-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"ready":1,"researcher":"r1","seconds":1.1234567890123457,"split":"practice","started":null,"state":"failed","student_seed":"0badcafe","submission":null,"supervisor_seed":0,"tries":0}','2026-11-29T23:26:29.931+00:00','85823e33165b128c9caf40d4aade524520dad51b59bd2a9b90638c60d8c106b1','24fa898efe9fec2fb5b880e67883daf7fe62bfedbd64780185a22af3c89894fb');
INSERT INTO "ledger" VALUES(45,'charge','{"at":1795994789.931825,"input_tokens":0,"key":"practised-practice-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:26:29.931+00:00','24fa898efe9fec2fb5b880e67883daf7fe62bfedbd64780185a22af3c89894fb','ca81552f2fe0a91b71cd5ffb5a26fdf17e4d0642676b0ff24da47e53facbcbaa');
INSERT INTO "ledger" VALUES(46,'charge','{"at":1796045787.7805028,"input_tokens":120345,"key":"model:r1:a1","kind":"model","money_usd":0.6325750000000001,"nominal_minutes":0.0,"output_tokens":1234,"researcher":"r1"}','2026-11-30T13:36:27.782+00:00','ca81552f2fe0a91b71cd5ffb5a26fdf17e4d0642676b0ff24da47e53facbcbaa','a8916702d34c4771beda964e0c53fe15c01f31869acbd37ce1036aa839911b9c');
INSERT INTO "ledger" VALUES(47,'charge','{"at":1796045787.7829864,"input_tokens":10,"key":"model:r1:a2","kind":"model","money_usd":0.30000000000000004,"nominal_minutes":0.0,"output_tokens":1,"researcher":"r1"}','2026-11-30T13:36:27.783+00:00','a8916702d34c4771beda964e0c53fe15c01f31869acbd37ce1036aa839911b9c','57c2b6028c07cb6575132257af6f51343a84f89a0a54872ee4c3aa5fe9e7b2c0');
INSERT INTO "ledger" VALUES(48,'charge','{"at":1796045787.7834713,"input_tokens":7,"key":"model:r2:a1","kind":"model","money_usd":0.0,"nominal_minutes":0.0,"output_tokens":3,"researcher":"r2"}','2026-11-30T13:36:27.783+00:00','57c2b6028c07cb6575132257af6f51343a84f89a0a54872ee4c3aa5fe9e7b2c0','ab97dc33679299b933fddcdf00d7a92f9658132c5066b1570506adf7239dd150');
CREATE TABLE meta (
	"key" VARCHAR NOT NULL, 
	value JSON NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('format',6);
INSERT INTO "meta" VALUES('testbed','"mini-chat"');
CREATE TABLE posts (
	id INTEGER NOT NULL, 
	researcher VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	submissions JSON NOT NULL, 
	request VARCHAR, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	CHECK (kind IN ('result', 'hypothesis', 'insight', 'error')), 
	UNIQUE (researcher, request), 
	FOREIGN KEY(researcher) REFERENCES researchers (name)
);
INSERT INTO "posts" VALUES(1,'r1','result','a finding','words','["s2"]',NULL,1.79599478999535202977e+09);
CREATE TABLE progress (
	id INTEGER NOT NULL, 
	researcher VARCHAR NOT NULL, 
	activity VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(researcher) REFERENCES researchers (name)
);
CREATE TABLE reference_figures (
	split VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	figures JSON NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (split, name), 
	CHECK (kind IN ('floor', 'ceiling', 'baseline'))
);
CREATE TABLE researchers (
	name VARCHAR NOT NULL, 
	direction TEXT NOT NULL, 
	model VARCHAR NOT NULL, 
	token_hash VARCHAR, 
	state VARCHAR NOT NULL, 
	minutes FLOAT, 
	submissions INTEGER, 
	forum INTEGER NOT NULL, 
	failures INTEGER NOT NULL, 
	waits_until FLOAT, 
	created FLOAT NOT NULL, 
	started FLOAT, 
	finished FLOAT, role VARCHAR DEFAULT 'researcher' NOT NULL, 
	PRIMARY KEY (name), 
	UNIQUE (token_hash)
);
INSERT INTO "researchers" VALUES('lab','','',NULL,'waiting',NULL,NULL,1,0,NULL,1.79599478929991221431e+09,NULL,NULL,'baseline');
INSERT INTO "researchers" VALUES('operator','','',NULL,'waiting',NULL,NULL,1,0,NULL,1.79599478930170178411e+09,NULL,NULL,'operator');
INSERT INTO "researchers" VALUES('fresh','','',NULL,'waiting',NULL,NULL,1,0,NULL,1.79599478930212831497e+09,NULL,NULL,'fresh');
INSERT INTO "researchers" VALUES('r1','','',NULL,'waiting',NULL,NULL,1,0,NULL,1.79599478934328341483e+09,NULL,NULL,'researcher');
INSERT INTO "researchers" VALUES('r2','','',NULL,'waiting',NULL,NULL,1,0,NULL,1.79599478934366393089e+09,NULL,NULL,'researcher');
CREATE TABLE runs (
	"key" VARCHAR NOT NULL, 
	submission VARCHAR, 
	code_hash VARCHAR NOT NULL, 
	"commit" VARCHAR NOT NULL, 
	researcher VARCHAR NOT NULL, 
	split VARCHAR NOT NULL, 
	pair_index INTEGER NOT NULL, 
	supervisor_seed INTEGER NOT NULL, 
	student_seed VARCHAR NOT NULL, 
	intervention VARCHAR NOT NULL, 
	priority INTEGER NOT NULL, 
	nominal_cost FLOAT NOT NULL, 
	companions INTEGER NOT NULL, 
	ready INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	tries INTEGER NOT NULL, 
	place VARCHAR, 
	figures JSON NOT NULL, 
	blob VARCHAR, 
	created FLOAT NOT NULL, 
	started FLOAT, 
	finished FLOAT, salt VARCHAR, seeds_of VARCHAR DEFAULT '' NOT NULL, "end" JSON DEFAULT '{}' NOT NULL, 
	PRIMARY KEY ("key"), 
	FOREIGN KEY(submission) REFERENCES submissions (id), 
	FOREIGN KEY(researcher) REFERENCES researchers (name)
);
INSERT INTO "runs" VALUES('vanilla-dev-none-0','s1','vanilla','0000000000000000000000000000000000000000','lab','dev',0,0,'0badcafe','none',4,1.0,0,1,'done',0,NULL,'{}','vanilla-dev-none-0',1.79599478944335222245e+09,NULL,1.79599478948463034625e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004, "logged": {"loss": 0.5}, "denied": {"ptrace": 1}}');
INSERT INTO "runs" VALUES('gains-dev-none-0','s2','gains','0000000000000000000000000000000000000000','r1','dev',0,0,'0badcafe','none',4,1.0,0,1,'done',0,NULL,'{}','gains-dev-none-0',1.79599478954842567447e+09,NULL,1.79599478954885935781e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004, "denied": {}}');
INSERT INTO "runs" VALUES('gains-sealed-none-0','s2','gains','0000000000000000000000000000000000000000','r1','sealed',0,0,'0badcafe','none',4,1.0,0,1,'done',0,NULL,'{}','gains-sealed-none-0',1.79599478959617090225e+09,NULL,1.79599478959686279294e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004}');
INSERT INTO "runs" VALUES('gains-sealed-blind-0','s2','gains','0000000000000000000000000000000000000000','r1','sealed',0,0,'0badcafe','blind',4,1.0,0,1,'queued',0,NULL,'{}',NULL,1.79599478962877249716e+09,NULL,NULL,NULL,'','{}');
INSERT INTO "runs" VALUES('fails-dev-none-0','s3','fails','0000000000000000000000000000000000000000','r1','dev',0,0,'0badcafe','none',4,1.0,0,1,'failed',0,NULL,'{}',NULL,1.79599478964334893227e+09,NULL,1.79599478965935587882e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004, "error": {"type": "ValueError", "file": "method.py", "line": 3}}');
INSERT INTO "runs" VALUES('fails-dev-none-1','s3','fails','0000000000000000000000000000000000000000','r1','dev',1,1,'0badcafe','none',4,1.0,0,1,'cancelled',0,NULL,'{}',NULL,1.79599478966014552113e+09,NULL,1.79599478966069412235e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004, "error": {"rule": "another run of this code failed"}, "cause": "sibling_failed"}');
INSERT INTO "runs" VALUES('lost-dev-none-0','s4','lost','0000000000000000000000000000000000000000','r1','dev',0,0,'0badcafe','none',4,1.0,0,1,'lost',0,NULL,'{}',NULL,1.79599478969552183152e+09,NULL,1.79599478969594120985e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004, "error": {"rule": "no sandbox started"}}');
INSERT INTO "runs" VALUES('withdrawn-dev-none-0','s5','withdrawn','0000000000000000000000000000000000000000','r1','dev',0,0,'0badcafe','none',4,1.0,0,1,'cancelled',0,NULL,'{}',NULL,1.79599478972766423224e+09,NULL,1.79599478972822046277e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004, "error": {"rule": "withdrawn by its author"}, "cause": "withdrawn"}');
INSERT INTO "runs" VALUES('cancelled-dev-none-0','s6','cancelled','0000000000000000000000000000000000000000','r1','dev',0,0,'0badcafe','none',4,1.0,0,1,'cancelled',0,NULL,'{}',NULL,1.79599478975302958485e+09,NULL,1.79599478975345349307e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004, "error": {"rule": "cancelled by the person who runs the lab: too slow"}, "cause": "by_a_person"}');
INSERT INTO "runs" VALUES('overruled-dev-none-0','s7','overruled','0000000000000000000000000000000000000000','r2','dev',0,0,'0badcafe','none',4,1.0,0,1,'done',0,NULL,'{}','overruled-dev-none-0',1.79599478978555178636e+09,NULL,1.79599478978595733643e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004}');
INSERT INTO "runs" VALUES('twin-dev-none-0','s8','twin','0000000000000000000000000000000000000000','r2','dev',0,0,'0badcafe','none',4,1.0,0,1,'done',0,NULL,'{}','twin-dev-none-0',1.79599478981372356412e+09,NULL,1.79599478981412935259e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004}');
INSERT INTO "runs" VALUES('twin-dev-seeds of gains-0','s8','twin','0000000000000000000000000000000000000000','r2','dev',0,0,'0badcafe','none',4,1.0,0,1,'queued',0,NULL,'{}',NULL,1.79599478986024022096e+09,NULL,NULL,NULL,'gains','{}');
INSERT INTO "runs" VALUES('by-a-person-dev-none-0','s9','by-a-person','0000000000000000000000000000000000000000','operator','dev',0,0,'0badcafe','none',4,1.0,0,1,'done',0,NULL,'{}','by-a-person-dev-none-0',1.79599478989431500432e+09,NULL,1.79599478989528155321e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004}');
INSERT INTO "runs" VALUES('by-itself-dev-none-0','s10','by-itself','0000000000000000000000000000000000000000','fresh','dev',0,0,'0badcafe','none',4,1.0,0,1,'queued',0,NULL,'{}',NULL,1.79599478993044233323e+09,NULL,NULL,NULL,'','{}');
INSERT INTO "runs" VALUES('practised-practice-none-0',NULL,'practised','0000000000000000000000000000000000000000','r1','practice',0,0,'0badcafe','none',4,1.0,0,1,'failed',0,NULL,'{}',NULL,1795994789.93106,NULL,1.79599478993145251276e+09,NULL,'','{"seconds": 1.1234567890123457, "core_seconds": 0.30000000000000004, "error": {"type": "ValueError", "message": "its own words"}}');
CREATE TABLE shares (
	priority INTEGER NOT NULL, 
	researcher VARCHAR NOT NULL, 
	had FLOAT NOT NULL, 
	began FLOAT NOT NULL, 
	PRIMARY KEY (priority, researcher), 
	FOREIGN KEY(researcher) REFERENCES researchers (name)
);
INSERT INTO "shares" VALUES(4,'lab',0.0,0.0);
INSERT INTO "shares" VALUES(4,'r1',0.0,0.0);
INSERT INTO "shares" VALUES(4,'r2',0.0,0.0);
INSERT INTO "shares" VALUES(4,'operator',0.0,0.0);
INSERT INTO "shares" VALUES(4,'fresh',0.0,0.0);
CREATE TABLE standing (
	id INTEGER NOT NULL, 
	holder VARCHAR NOT NULL, 
	record FLOAT NOT NULL, 
	items INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	CHECK (id = 1)
);
INSERT INTO "standing" VALUES(1,'s1',0.6612,600);
CREATE TABLE submissions (
	number INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	code_hash VARCHAR NOT NULL, 
	"commit" VARCHAR NOT NULL, 
	researcher VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	summary TEXT NOT NULL, 
	parents JSON NOT NULL, 
	claim TEXT NOT NULL, 
	status VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	reply TEXT NOT NULL, 
	request VARCHAR, 
	created FLOAT NOT NULL, 
	decided FLOAT, role VARCHAR DEFAULT 'researcher' NOT NULL, ended VARCHAR, 
	PRIMARY KEY (number), 
	UNIQUE (researcher, request), 
	UNIQUE (id), 
	FOREIGN KEY(researcher) REFERENCES researchers (name)
);
INSERT INTO "submissions" VALUES(1,'s1','vanilla','0000000000000000000000000000000000000000','lab','vanilla','','[]','much better','pending','sealed','baseline','request of vanilla',1.79599478936276435846e+09,NULL,'baseline',NULL);
INSERT INTO "submissions" VALUES(2,'s2','gains','0000000000000000000000000000000000000000','r1','a method','','[]','much better','pending','sealed','a would-be record: being reproduced on fresh seeds and items','request of gains',1.79599478952190184594e+09,NULL,'researcher',NULL);
INSERT INTO "submissions" VALUES(3,'s3','fails','0000000000000000000000000000000000000000','r1','a method','','[]','much better','failed','done','ValueError in method.py, line 3','request of fails',1.7959947896296737194e+09,1.7959947896614048481e+09,'researcher','decided');
INSERT INTO "submissions" VALUES(4,'s4','lost','0000000000000000000000000000000000000000','r1','a method','','[]','much better','failed','done','the lab lost a run of this submission; the code is not blamed: hand the same code in again, it costs nothing','request of lost',1.7959947896621015072e+09,1.79599478969661355016e+09,'researcher','lost');
INSERT INTO "submissions" VALUES(5,'s5','withdrawn','0000000000000000000000000000000000000000','r1','a method','','[]','much better','failed','done','withdrawn by its author','request of withdrawn',1.79599478969728851319e+09,1.79599478975112795834e+09,'researcher','withdrawn');
INSERT INTO "submissions" VALUES(6,'s6','cancelled','0000000000000000000000000000000000000000','r2','a method','','[]','much better','failed','done','cancelled by the person who runs the lab: too slow','request of cancelled',1.79599478975203466412e+09,1.79599478978321218489e+09,'researcher','cancelled');
INSERT INTO "submissions" VALUES(7,'s7','overruled','0000000000000000000000000000000000000000','r2','a method','','[]','much better','violation','done','decided by a person','request of overruled',1.79599478978402709965e+09,1.7959947898117544651e+09,'researcher','overruled');
INSERT INTO "submissions" VALUES(8,'s8','twin','0000000000000000000000000000000000000000','r2','a method','','[]','much better','pending','dev','','request of twin',1.79599478981219577789e+09,NULL,'researcher',NULL);
INSERT INTO "submissions" VALUES(9,'s9','by-a-person','0000000000000000000000000000000000000000','operator','a method','','[]','much better','pending','sealed','no significant improvement over the record, which has accuracy 0.661 on dev','request of by-a-person',1.79599478986098122597e+09,NULL,'operator',NULL);
INSERT INTO "submissions" VALUES(10,'s10','by-itself','0000000000000000000000000000000000000000','fresh','a method','','[]','much better','pending','dev','','request of by-itself',1.79599478990352249144e+09,NULL,'fresh',NULL);
CREATE TABLE trainings (
	role VARCHAR NOT NULL, 
	split VARCHAR NOT NULL, 
	k INTEGER NOT NULL, 
	seconds FLOAT NOT NULL, 
	core_seconds FLOAT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (role, split, k), 
	CHECK (role IN ('supervisor', 'ceiling'))
);
CREATE TABLE verdicts (
	id INTEGER NOT NULL, 
	submission VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	rule VARCHAR, 
	reply TEXT NOT NULL, 
	figures JSON NOT NULL, 
	at FLOAT NOT NULL, ended VARCHAR, would_be BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (submission, stage), 
	CHECK (stage IN ('dev', 'sealed')), 
	FOREIGN KEY(submission) REFERENCES submissions (id)
);
INSERT INTO "verdicts" VALUES(1,'s1','dev','pending',NULL,'baseline','{"seeds": 1, "n": 600, "note": "baseline"}',1.79599478951920580867e+09,NULL,0);
INSERT INTO "verdicts" VALUES(2,'s2','dev','pending',NULL,'a would-be record: being reproduced on fresh seeds and items','{"seeds": 3, "n": 600, "champion": "s1", "attempt": 1}',1.79599478954955577847e+09,NULL,1);
INSERT INTO "verdicts" VALUES(3,'s3','dev','failed',NULL,'ValueError in method.py, line 3','{"seeds": 0, "n": 600, "note": "run failed"}',1.7959947896614048481e+09,'decided',0);
INSERT INTO "verdicts" VALUES(4,'s4','dev','failed',NULL,'the lab lost a run of this submission; the code is not blamed: hand the same code in again, it costs nothing','{"seeds": 0, "n": 600, "note": "run lost"}',1.79599478969661355016e+09,'lost',0);
INSERT INTO "verdicts" VALUES(5,'s5','dev','failed',NULL,'withdrawn by its author','{"seeds": 0, "n": 600, "note": "cancelled"}',1.79599478975112795834e+09,'withdrawn',0);
INSERT INTO "verdicts" VALUES(6,'s6','dev','failed',NULL,'cancelled by the person who runs the lab: too slow','{"seeds": 0, "n": 600, "note": "cancelled"}',1.79599478978321218489e+09,'cancelled',0);
INSERT INTO "verdicts" VALUES(7,'s7','dev','no_improvement',NULL,'no significant improvement over the record, which has accuracy 0.661 on dev','{"seeds": 3, "n": 600}',1.79599478980607938768e+09,'decided',0);
INSERT INTO "verdicts" VALUES(8,'s9','dev','pending',NULL,'no significant improvement over the record, which has accuracy 0.661 on dev','{"seeds": 3, "n": 600}',1.79599478989615917202e+09,NULL,0);
CREATE TABLE votes (
	post INTEGER NOT NULL, 
	researcher VARCHAR NOT NULL, 
	value INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (post, researcher), 
	CHECK (value IN (-1, 1)), 
	FOREIGN KEY(post) REFERENCES posts (id), 
	FOREIGN KEY(researcher) REFERENCES researchers (name)
);
CREATE TABLE waits (
	submission VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	what JSON NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (submission), 
	FOREIGN KEY(submission) REFERENCES submissions (id)
);
CREATE TABLE wanted_runs (
	submission VARCHAR NOT NULL, 
	split VARCHAR NOT NULL, 
	intervention VARCHAR NOT NULL, 
	k INTEGER NOT NULL, 
	seeds_of VARCHAR NOT NULL, 
	PRIMARY KEY (submission, split, intervention, k, seeds_of), 
	FOREIGN KEY(submission) REFERENCES submissions (id)
);
INSERT INTO "wanted_runs" VALUES('s2','sealed','part',0,'');
INSERT INTO "wanted_runs" VALUES('s2','dev','thin',0,'');
INSERT INTO "wanted_runs" VALUES('s2','sealed','blind',0,'');
INSERT INTO "wanted_runs" VALUES('s8','dev','none',0,'gains');
INSERT INTO "wanted_runs" VALUES('s8','dev','none',1,'gains');
INSERT INTO "wanted_runs" VALUES('s8','dev','none',2,'gains');
CREATE INDEX ix_submissions_code_hash ON submissions (code_hash);
CREATE INDEX ix_comments_post ON comments (post);
CREATE INDEX runs_by_code ON runs (code_hash, split);
CREATE INDEX runs_by_end ON runs (state, finished);
CREATE INDEX runs_queue ON runs (state, ready, priority, researcher, created, pair_index, "key");
CREATE UNIQUE INDEX comments_by_request ON comments (researcher, request);
COMMIT;
