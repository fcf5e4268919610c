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
INSERT INTO "charges" VALUES('vanilla-dev-none-0','lab','run',0.3,0,0,0.0,1795994835.25555);
INSERT INTO "charges" VALUES('gains-dev-none-0','r1','run',0.3,0,0,0.0,1.79599483533579349519e+09);
INSERT INTO "charges" VALUES('gains-sealed-none-0','r1','run',0.3,0,0,0.0,1.79599483535512065889e+09);
INSERT INTO "charges" VALUES('fails-dev-none-0','r1','run',0.3,0,0,0.0,1795994835.38455);
INSERT INTO "charges" VALUES('fails-dev-none-1','r1','run',0.3,0,0,0.0,1.79599483538547444348e+09);
INSERT INTO "charges" VALUES('lost-dev-none-0','r1','run',0.3,0,0,0.0,1795994835.40986);
INSERT INTO "charges" VALUES('withdrawn-dev-none-0','r1','run',0.3,0,0,0.0,1.79599483544504809383e+09);
INSERT INTO "charges" VALUES('cancelled-dev-none-0','r1','run',0.3,0,0,0.0,1.79599483546797680853e+09);
INSERT INTO "charges" VALUES('overruled-dev-none-0','r2','run',0.3,0,0,0.0,1.79599483549397087103e+09);
INSERT INTO "charges" VALUES('twin-dev-none-0','r2','run',0.3,0,0,0.0,1.79599483551227951045e+09);
INSERT INTO "charges" VALUES('by-a-person-dev-none-0','operator','run',0.3,0,0,0.0,1.79599483552032327653e+09);
INSERT INTO "charges" VALUES('practised-practice-none-0','r1','run',0.3,0,0,0.0,1.79599483552601361276e+09);
CREATE TABLE comments (
	id INTEGER NOT NULL, 
	post INTEGER NOT NULL, 
	researcher VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(post) REFERENCES posts (id), 
	FOREIGN KEY(researcher) REFERENCES researchers (name)
);
INSERT INTO "comments" VALUES(1,1,'r2','a remark',1.79599483555188751222e+09);
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
INSERT INTO "ledger" VALUES(1,'lab','{"settings":{"feedback":"ladder"},"testbed":"mini-chat"}','2026-11-29T23:27:15.157+00:00','0000000000000000000000000000000000000000000000000000000000000000','58897e1be19a9e499c9689f0b4ae117056a91e75ba48027420dc45311b8fb162');
INSERT INTO "ledger" VALUES(2,'submission','{"claim":"much better","code_hash":"vanilla","commit":"0000000000000000000000000000000000000000","created":1795994835.179083,"id":"s1","parents":[],"request":"request of vanilla","researcher":"lab","summary":"","title":"vanilla"}','2026-11-29T23:27:15.198+00:00','58897e1be19a9e499c9689f0b4ae117056a91e75ba48027420dc45311b8fb162','f112143166ed1be052c986c536143a94fec4c39514564429c973f8c21deb0de3');
INSERT INTO "ledger" VALUES(3,'run','{"blob":"vanilla-dev-none-0","code_hash":"vanilla","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.2396672,"denied":{"ptrace":1},"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994835.2416964,"intervention":"none","key":"vanilla-dev-none-0","logged":{"loss":0.5},"nominal_cost":1.0,"pair_index":0,"researcher":"lab","seconds":1.1234567890123457,"split":"dev","started":null,"state":"done","student_seed":"0badcafe","submission":"s1","supervisor_seed":0,"tries":0}','2026-11-29T23:27:15.255+00:00','f112143166ed1be052c986c536143a94fec4c39514564429c973f8c21deb0de3','3d5fa80b3d6089b082cec386b85acdeeede2d344aa330bb23f592919d969d020');
INSERT INTO "ledger" VALUES(4,'charge','{"at":1795994835.25555,"input_tokens":0,"key":"vanilla-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"lab"}','2026-11-29T23:27:15.256+00:00','3d5fa80b3d6089b082cec386b85acdeeede2d344aa330bb23f592919d969d020','679d41a34879cf82dc58856b5d4f8976142bfe477353acff3b028117d519709d');
INSERT INTO "ledger" VALUES(5,'verdict','{"at":1795994835.258089,"figures":{"n":600,"note":"baseline","seeds":1},"reply":"baseline","rule":null,"stage":"dev","status":"pending","submission":"s1"}','2026-11-29T23:27:15.296+00:00','679d41a34879cf82dc58856b5d4f8976142bfe477353acff3b028117d519709d','c0ff29788e17fa691516c0819cb9d2b13d7b3e83c6078ef98bfbf89e0174ec9f');
INSERT INTO "ledger" VALUES(6,'note','{"items":600,"ladder":{"holder":"s1","record":0.6612}}','2026-11-29T23:27:15.297+00:00','c0ff29788e17fa691516c0819cb9d2b13d7b3e83c6078ef98bfbf89e0174ec9f','4c3ca919b5ff8180e8bc2c994fddb1f4b67f1f32ccdf42988d8b47d99865db41');
INSERT INTO "ledger" VALUES(7,'submission','{"claim":"much better","code_hash":"gains","commit":"0000000000000000000000000000000000000000","created":1795994835.312746,"id":"s2","parents":[],"request":"request of gains","researcher":"r1","summary":"","title":"a method"}','2026-11-29T23:27:15.313+00:00','4c3ca919b5ff8180e8bc2c994fddb1f4b67f1f32ccdf42988d8b47d99865db41','0f6a9e5c12ece6e2e1ceb5b19a8a8b43b8ee7510251b87db9266bd9b709307bf');
INSERT INTO "ledger" VALUES(8,'run','{"blob":"gains-dev-none-0","code_hash":"gains","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.3276982,"denied":{},"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994835.3351367,"intervention":"none","key":"gains-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"done","student_seed":"0badcafe","submission":"s2","supervisor_seed":0,"tries":0}','2026-11-29T23:27:15.335+00:00','0f6a9e5c12ece6e2e1ceb5b19a8a8b43b8ee7510251b87db9266bd9b709307bf','1407066b297a3bd9cc03196d9fa2ef2348cc72d6def9acd528ce8ddfc3e1f496');
INSERT INTO "ledger" VALUES(9,'charge','{"at":1795994835.3357935,"input_tokens":0,"key":"gains-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:27:15.335+00:00','1407066b297a3bd9cc03196d9fa2ef2348cc72d6def9acd528ce8ddfc3e1f496','ffee0e5b3423b3a496f25f5cc0e3142b737ce9e47e0cf32c146e57691b1195e9');
INSERT INTO "ledger" VALUES(10,'verdict','{"at":1795994835.3365192,"figures":{"attempt":1,"champion":"s1","n":600,"seeds":3},"reply":"a would-be record: being reproduced on fresh seeds and items","rule":null,"stage":"dev","status":"pending","submission":"s2"}','2026-11-29T23:27:15.337+00:00','ffee0e5b3423b3a496f25f5cc0e3142b737ce9e47e0cf32c146e57691b1195e9','0617a23ca0e55428ed8d4cf45f5475db8a48672bb930a16a3c9747725746fcd9');
INSERT INTO "ledger" VALUES(11,'run','{"blob":"gains-sealed-none-0","code_hash":"gains","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.3540018,"denied":null,"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994835.3545754,"intervention":"none","key":"gains-sealed-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"researcher":"r1","seconds":1.1234567890123457,"split":"sealed","started":null,"state":"done","student_seed":"0badcafe","submission":"s2","supervisor_seed":0,"tries":0}','2026-11-29T23:27:15.354+00:00','0617a23ca0e55428ed8d4cf45f5475db8a48672bb930a16a3c9747725746fcd9','2d5aa9e77aadb8622d91f4f22ea9e1bf97235d5e4e4dbcf325d8c7ef55686e23');
INSERT INTO "ledger" VALUES(12,'charge','{"at":1795994835.3551207,"input_tokens":0,"key":"gains-sealed-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:27:15.355+00:00','2d5aa9e77aadb8622d91f4f22ea9e1bf97235d5e4e4dbcf325d8c7ef55686e23','6a93a7d236c1f7676571477f4ce1175de5a3896699a60f84a7f28e56f95e9231');
INSERT INTO "ledger" VALUES(13,'submission','{"claim":"much better","code_hash":"fails","commit":"0000000000000000000000000000000000000000","created":1795994835.3721457,"id":"s3","parents":[],"request":"request of fails","researcher":"r1","summary":"","title":"a method"}','2026-11-29T23:27:15.383+00:00','6a93a7d236c1f7676571477f4ce1175de5a3896699a60f84a7f28e56f95e9231','49d02945ab88d984b3f26a554f51a70dc33e93f3b986c66d6dd124a3f75e275f');
INSERT INTO "ledger" VALUES(14,'run','{"blob":null,"code_hash":"fails","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.3838236,"denied":null,"error_file":"method.py","error_line":3,"error_rule":null,"error_type":"ValueError","figures":{},"finished":1795994835.384254,"intervention":"none","key":"fails-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"failed","student_seed":"0badcafe","submission":"s3","supervisor_seed":0,"tries":0}','2026-11-29T23:27:15.384+00:00','49d02945ab88d984b3f26a554f51a70dc33e93f3b986c66d6dd124a3f75e275f','a32c93a4598476768ad203959a03fadf529f2980a8a79eac134034bade386832');
INSERT INTO "ledger" VALUES(15,'charge','{"at":1795994835.38455,"input_tokens":0,"key":"fails-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:27:15.384+00:00','a32c93a4598476768ad203959a03fadf529f2980a8a79eac134034bade386832','e7cced7fe15da0124407f74406b3edfd612cbcbabcbb806a89907955b514932a');
INSERT INTO "ledger" VALUES(16,'run','{"blob":null,"code_hash":"fails","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.3848283,"denied":null,"error_file":null,"error_line":null,"error_rule":"another run of this code failed","error_type":null,"figures":{},"finished":1795994835.3852334,"intervention":"none","key":"fails-dev-none-1","logged":{},"nominal_cost":1.0,"pair_index":1,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"cancelled","student_seed":"0badcafe","submission":"s3","supervisor_seed":1,"tries":0}','2026-11-29T23:27:15.385+00:00','e7cced7fe15da0124407f74406b3edfd612cbcbabcbb806a89907955b514932a','7398b5bc95c03cbf6c2956d4821a349b5947fa21ee83ee3162e43e2a90272732');
INSERT INTO "ledger" VALUES(17,'charge','{"at":1795994835.3854744,"input_tokens":0,"key":"fails-dev-none-1","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:27:15.385+00:00','7398b5bc95c03cbf6c2956d4821a349b5947fa21ee83ee3162e43e2a90272732','581eb2484d99c5b75741d4c0b9fb38535bb81678cf08e3a1e37b838260607046');
INSERT INTO "ledger" VALUES(18,'verdict','{"at":1795994835.385863,"figures":{"n":600,"note":"run failed","seeds":0},"reply":"ValueError in method.py, line 3","rule":null,"stage":"dev","status":"failed","submission":"s3"}','2026-11-29T23:27:15.400+00:00','581eb2484d99c5b75741d4c0b9fb38535bb81678cf08e3a1e37b838260607046','b2c6b3e09f5248fc4cc7a5b43de8c27e1e3c8dc8d84c1780341c726dfb05c05c');
INSERT INTO "ledger" VALUES(19,'submission','{"claim":"much better","code_hash":"lost","commit":"0000000000000000000000000000000000000000","created":1795994835.4009748,"id":"s4","parents":[],"request":"request of lost","researcher":"r1","summary":"","title":"a method"}','2026-11-29T23:27:15.402+00:00','b2c6b3e09f5248fc4cc7a5b43de8c27e1e3c8dc8d84c1780341c726dfb05c05c','44bf8de61ee657d73eaefdb043a933d963e68a18ccac965b57a2cf44b9047df8');
INSERT INTO "ledger" VALUES(20,'run','{"blob":null,"code_hash":"lost","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.408843,"denied":null,"error_file":null,"error_line":null,"error_rule":"no sandbox started","error_type":null,"figures":{},"finished":1795994835.4094548,"intervention":"none","key":"lost-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"lost","student_seed":"0badcafe","submission":"s4","supervisor_seed":0,"tries":0}','2026-11-29T23:27:15.409+00:00','44bf8de61ee657d73eaefdb043a933d963e68a18ccac965b57a2cf44b9047df8','16fc05c9076009eedf91916ac948aaa3f6343b110cca52a4dab1c3610ed5513e');
INSERT INTO "ledger" VALUES(21,'charge','{"at":1795994835.40986,"input_tokens":0,"key":"lost-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:27:15.409+00:00','16fc05c9076009eedf91916ac948aaa3f6343b110cca52a4dab1c3610ed5513e','da09503924b627b83b5c531633a460a1d631f064b6ffc1dd4d4eed29d7a0e566');
INSERT INTO "ledger" VALUES(22,'verdict','{"at":1795994835.430786,"figures":{"n":600,"note":"run lost","seeds":0},"reply":"the lab lost a run of this submission; the code is not blamed: hand the same code in again, it costs nothing","rule":null,"stage":"dev","status":"failed","submission":"s4"}','2026-11-29T23:27:15.431+00:00','da09503924b627b83b5c531633a460a1d631f064b6ffc1dd4d4eed29d7a0e566','f4487bcad03d4a616075561ac6e65994372bfa3e5ba8e97aaccccd2d884686c7');
INSERT INTO "ledger" VALUES(23,'submission','{"claim":"much better","code_hash":"withdrawn","commit":"0000000000000000000000000000000000000000","created":1795994835.4319665,"id":"s5","parents":[],"request":"request of withdrawn","researcher":"r1","summary":"","title":"a method"}','2026-11-29T23:27:15.443+00:00','f4487bcad03d4a616075561ac6e65994372bfa3e5ba8e97aaccccd2d884686c7','37adeff8974619bc28547a24cc204d0ac19eca50e9d8ec74abaa60d0825ca6c4');
INSERT INTO "ledger" VALUES(24,'run','{"blob":null,"code_hash":"withdrawn","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.4439838,"denied":null,"error_file":null,"error_line":null,"error_rule":"withdrawn by its author","error_type":null,"figures":{},"finished":1795994835.4446087,"intervention":"none","key":"withdrawn-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"cancelled","student_seed":"0badcafe","submission":"s5","supervisor_seed":0,"tries":0}','2026-11-29T23:27:15.444+00:00','37adeff8974619bc28547a24cc204d0ac19eca50e9d8ec74abaa60d0825ca6c4','7a432dea851b2d2cb7f703778c3f499e2235a850980514e6414ea4606e340253');
INSERT INTO "ledger" VALUES(25,'charge','{"at":1795994835.445048,"input_tokens":0,"key":"withdrawn-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:27:15.445+00:00','7a432dea851b2d2cb7f703778c3f499e2235a850980514e6414ea4606e340253','3269b003bdeafddd30f35adfb8a0245a3ddf5798c83bc8a07f9660efe4f471c0');
INSERT INTO "ledger" VALUES(26,'verdict','{"at":1795994835.4455702,"figures":{"n":600,"note":"cancelled","seeds":0},"reply":"withdrawn by its author","rule":null,"stage":"dev","status":"failed","submission":"s5"}','2026-11-29T23:27:15.446+00:00','3269b003bdeafddd30f35adfb8a0245a3ddf5798c83bc8a07f9660efe4f471c0','a9de48f14daecb3aed6f37ad3d21212df05a2cc4f99a6ac18ebec569dc230df7');
INSERT INTO "ledger" VALUES(27,'submission','{"claim":"much better","code_hash":"cancelled","commit":"0000000000000000000000000000000000000000","created":1795994835.4659002,"id":"s6","parents":[],"request":"request of cancelled","researcher":"r2","summary":"","title":"a method"}','2026-11-29T23:27:15.466+00:00','a9de48f14daecb3aed6f37ad3d21212df05a2cc4f99a6ac18ebec569dc230df7','111aa2ef61e86c50fe346dfe9aad73023ab69ea6137230e97110dec951abae98');
INSERT INTO "ledger" VALUES(28,'run','{"blob":null,"code_hash":"cancelled","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.467171,"denied":null,"error_file":null,"error_line":null,"error_rule":"cancelled by the person who runs the lab: too slow","error_type":null,"figures":{},"finished":1795994835.4675453,"intervention":"none","key":"cancelled-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"researcher":"r1","seconds":1.1234567890123457,"split":"dev","started":null,"state":"cancelled","student_seed":"0badcafe","submission":"s6","supervisor_seed":0,"tries":0}','2026-11-29T23:27:15.467+00:00','111aa2ef61e86c50fe346dfe9aad73023ab69ea6137230e97110dec951abae98','93751c12f8f7cd563900de544e4ed1b136ee5735e6c834d63d16e5e44f7bf26a');
INSERT INTO "ledger" VALUES(29,'charge','{"at":1795994835.4679768,"input_tokens":0,"key":"cancelled-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:27:15.468+00:00','93751c12f8f7cd563900de544e4ed1b136ee5735e6c834d63d16e5e44f7bf26a','82bf82451c83dfa0741f94e90e047cfcd8c982eb12f986d7b80538e3804a2084');
INSERT INTO "ledger" VALUES(30,'verdict','{"at":1795994835.4685056,"figures":{"n":600,"note":"cancelled","seeds":0},"reply":"cancelled by the person who runs the lab: too slow","rule":null,"stage":"dev","status":"failed","submission":"s6"}','2026-11-29T23:27:15.469+00:00','82bf82451c83dfa0741f94e90e047cfcd8c982eb12f986d7b80538e3804a2084','35104194ab8a9bfa9fa88f71f3541cd4fce4cdabd6cb1d0d982dcacc02aa893c');
INSERT INTO "ledger" VALUES(31,'submission','{"claim":"much better","code_hash":"overruled","commit":"0000000000000000000000000000000000000000","created":1795994835.469605,"id":"s7","parents":[],"request":"request of overruled","researcher":"r2","summary":"","title":"a method"}','2026-11-29T23:27:15.490+00:00','35104194ab8a9bfa9fa88f71f3541cd4fce4cdabd6cb1d0d982dcacc02aa893c','0ae310600dbf667cd69b840dd2ee9264970adc66504c1a8a495a7ae8be1d466e');
INSERT INTO "ledger" VALUES(32,'run','{"blob":"overruled-dev-none-0","code_hash":"overruled","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.4927745,"denied":null,"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994835.4934235,"intervention":"none","key":"overruled-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"researcher":"r2","seconds":1.1234567890123457,"split":"dev","started":null,"state":"done","student_seed":"0badcafe","submission":"s7","supervisor_seed":0,"tries":0}','2026-11-29T23:27:15.493+00:00','0ae310600dbf667cd69b840dd2ee9264970adc66504c1a8a495a7ae8be1d466e','4f82aaf01530aea6e4c4c625baefeb1d1654df5db054692b7d8f7a6391a91681');
INSERT INTO "ledger" VALUES(33,'charge','{"at":1795994835.4939709,"input_tokens":0,"key":"overruled-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r2"}','2026-11-29T23:27:15.494+00:00','4f82aaf01530aea6e4c4c625baefeb1d1654df5db054692b7d8f7a6391a91681','ec281fdae082bcaf8b08b1738cca5b5e7389e2c07e3818a1563099e62b4eae02');
INSERT INTO "ledger" VALUES(34,'verdict','{"at":1795994835.4995012,"figures":{"n":600,"seeds":3},"reply":"no significant improvement over the record, which has accuracy 0.661 on dev","rule":null,"stage":"dev","status":"no_improvement","submission":"s7"}','2026-11-29T23:27:15.502+00:00','ec281fdae082bcaf8b08b1738cca5b5e7389e2c07e3818a1563099e62b4eae02','f4fd410862ed37cc6e27aae0bc8e5902c193efaa7e838cbf0d754e1b124d682a');
INSERT INTO "ledger" VALUES(35,'note','{"at":1795994835.5042276,"note":"it reads the clock","overruled":"s7","status":"violation","was":"no_improvement"}','2026-11-29T23:27:15.504+00:00','f4fd410862ed37cc6e27aae0bc8e5902c193efaa7e838cbf0d754e1b124d682a','89c46d30f2a0b62b03b99ef91097f9f74dacfe10649b5a901db454dcb8d7ceab');
INSERT INTO "ledger" VALUES(36,'submission','{"claim":"much better","code_hash":"twin","commit":"0000000000000000000000000000000000000000","created":1795994835.5052483,"id":"s8","parents":[],"request":"request of twin","researcher":"r2","summary":"","title":"a method"}','2026-11-29T23:27:15.505+00:00','89c46d30f2a0b62b03b99ef91097f9f74dacfe10649b5a901db454dcb8d7ceab','57aa8f3cd4dad23f1b3fc032dcb6913a4e86579a24487b814e36af45f5747bd9');
INSERT INTO "ledger" VALUES(37,'run','{"blob":"twin-dev-none-0","code_hash":"twin","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.5114932,"denied":null,"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994835.511918,"intervention":"none","key":"twin-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"researcher":"r2","seconds":1.1234567890123457,"split":"dev","started":null,"state":"done","student_seed":"0badcafe","submission":"s8","supervisor_seed":0,"tries":0}','2026-11-29T23:27:15.512+00:00','57aa8f3cd4dad23f1b3fc032dcb6913a4e86579a24487b814e36af45f5747bd9','3967f687b81052d461e183eb23f6c0ed5c74f812b2fd14b9fc3a8bb0e7033de7');
INSERT INTO "ledger" VALUES(38,'charge','{"at":1795994835.5122795,"input_tokens":0,"key":"twin-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r2"}','2026-11-29T23:27:15.512+00:00','3967f687b81052d461e183eb23f6c0ed5c74f812b2fd14b9fc3a8bb0e7033de7','d2813491c072cce1cac3b0f570bc7d58d5c80339d13e7c9de347d2cfb2fb330d');
INSERT INTO "ledger" VALUES(39,'submission','{"claim":"much better","code_hash":"by-a-person","commit":"0000000000000000000000000000000000000000","created":1795994835.5140507,"id":"s9","parents":[],"request":"request of by-a-person","researcher":"operator","summary":"","title":"a method"}','2026-11-29T23:27:15.518+00:00','d2813491c072cce1cac3b0f570bc7d58d5c80339d13e7c9de347d2cfb2fb330d','bb3c14576a321f1bbc1e090214bc3a541fac5b8a8f50db51e37b8d34ea75ef74');
INSERT INTO "ledger" VALUES(40,'run','{"blob":"by-a-person-dev-none-0","code_hash":"by-a-person","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.519617,"denied":null,"error_file":null,"error_line":null,"error_rule":null,"error_type":null,"figures":{},"finished":1795994835.5200052,"intervention":"none","key":"by-a-person-dev-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"researcher":"operator","seconds":1.1234567890123457,"split":"dev","started":null,"state":"done","student_seed":"0badcafe","submission":"s9","supervisor_seed":0,"tries":0}','2026-11-29T23:27:15.520+00:00','bb3c14576a321f1bbc1e090214bc3a541fac5b8a8f50db51e37b8d34ea75ef74','901a94c81198c8b8c102ab603293addd516703ae9dd112b57314414d5a409f0f');
INSERT INTO "ledger" VALUES(41,'charge','{"at":1795994835.5203233,"input_tokens":0,"key":"by-a-person-dev-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"operator"}','2026-11-29T23:27:15.520+00:00','901a94c81198c8b8c102ab603293addd516703ae9dd112b57314414d5a409f0f','103011c44a4d33824c861f5372ea6421fa0b1f2f717fe51c7f5e4322d4462a44');
INSERT INTO "ledger" VALUES(42,'verdict','{"at":1795994835.5206664,"figures":{"n":600,"seeds":3},"reply":"no significant improvement over the record, which has accuracy 0.661 on dev","rule":null,"stage":"dev","status":"pending","submission":"s9"}','2026-11-29T23:27:15.521+00:00','103011c44a4d33824c861f5372ea6421fa0b1f2f717fe51c7f5e4322d4462a44','589d6fd14111c4d540d695e07a0db124a5f9ebc9503845f81739fd50335a22b7');
INSERT INTO "ledger" VALUES(43,'submission','{"claim":"much better","code_hash":"by-itself","commit":"0000000000000000000000000000000000000000","created":1795994835.5213966,"id":"s10","parents":[],"request":"request of by-itself","researcher":"fresh","summary":"","title":"a method"}','2026-11-29T23:27:15.521+00:00','589d6fd14111c4d540d695e07a0db124a5f9ebc9503845f81739fd50335a22b7','27cd228b0aeb68c406214e9ea2f9f2ed7b26c66ac8c36729812559fccbf28be6');
INSERT INTO "ledger" VALUES(44,'run','{"blob":null,"code_hash":"practised","commit":"0000000000000000000000000000000000000000","core_seconds":0.30000000000000004,"created":1795994835.5252805,"denied":null,"error_file":null,"error_line":null,"error_rule":null,"error_type":"ValueError","figures":{},"finished":1795994835.5256746,"intervention":"none","key":"practised-practice-none-0","logged":{},"nominal_cost":1.0,"pair_index":0,"researcher":"r1","seconds":1.1234567890123457,"split":"practice","started":null,"state":"failed","student_seed":"0badcafe","submission":null,"supervisor_seed":0,"tries":0}','2026-11-29T23:27:15.525+00:00','27cd228b0aeb68c406214e9ea2f9f2ed7b26c66ac8c36729812559fccbf28be6','76cf2d1b27d190fd9a8d743df30117c90fccb236c125e9d9a70bb964e690fcb2');
INSERT INTO "ledger" VALUES(45,'charge','{"at":1795994835.5260136,"input_tokens":0,"key":"practised-practice-none-0","kind":"run","money_usd":0.0,"nominal_minutes":0.3,"output_tokens":0,"researcher":"r1"}','2026-11-29T23:27:15.526+00:00','76cf2d1b27d190fd9a8d743df30117c90fccb236c125e9d9a70bb964e690fcb2','74cd8aafc84ebf66124ecfcc40b642f0e56d37236c6b10fa45f499b9560e1cd5');
CREATE TABLE meta (
	"key" VARCHAR NOT NULL, 
	value JSON NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('format',4);
INSERT INTO "meta" VALUES('testbed','"mini-chat"');
INSERT INTO "meta" VALUES('ladder','{"holder": "s1", "record": 0.6612}');
INSERT INTO "meta" VALUES('champion','"s1"');
INSERT INTO "meta" VALUES('record_text','"accuracy 0.661 on dev"');
INSERT INTO "meta" VALUES('audit runs of s2','[["sealed", "blind", 0], ["dev", "thin", 0], ["sealed", "part", 0]]');
INSERT INTO "meta" VALUES('recomputed runs of s8','["gains", 3]');
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
INSERT INTO "posts" VALUES(1,'r1','result','a finding','words','["s2"]',NULL,1.79599483553588318827e+09);
CREATE TABLE progress (
	id INTEGER NOT NULL, 
	researcher VARCHAR NOT NULL, 
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
	finished FLOAT, 
	PRIMARY KEY (name), 
	UNIQUE (token_hash)
);
INSERT INTO "researchers" VALUES('lab','','',NULL,'waiting',NULL,NULL,1,0,NULL,1795994835.10917,NULL,NULL);
INSERT INTO "researchers" VALUES('operator','','',NULL,'waiting',NULL,NULL,1,0,NULL,1.79599483512596821781e+09,NULL,NULL);
INSERT INTO "researchers" VALUES('fresh','','',NULL,'waiting',NULL,NULL,1,0,NULL,1.79599483513972067835e+09,NULL,NULL);
INSERT INTO "researchers" VALUES('r1','','',NULL,'waiting',NULL,NULL,1,0,NULL,1.79599483514050126077e+09,NULL,NULL);
INSERT INTO "researchers" VALUES('r2','','',NULL,'waiting',NULL,NULL,1,0,NULL,1.79599483514117050169e+09,NULL,NULL);
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
	state VARCHAR NOT NULL, 
	tries INTEGER NOT NULL, 
	place VARCHAR, 
	seconds FLOAT NOT NULL, 
	core_seconds FLOAT NOT NULL, 
	error_type VARCHAR, 
	error_file VARCHAR, 
	error_line INTEGER, 
	error_rule VARCHAR, 
	error_message TEXT, 
	logged JSON NOT NULL, 
	denied JSON, 
	figures JSON NOT NULL, 
	blob VARCHAR, 
	created FLOAT NOT NULL, 
	started FLOAT, 
	finished FLOAT, 
	PRIMARY KEY ("key"), 
	FOREIGN KEY(submission) REFERENCES submissions (id), 
	FOREIGN KEY(researcher) REFERENCES researchers (name)
);
INSERT INTO "runs" VALUES('vanilla-dev-none-0','s1','vanilla','0000000000000000000000000000000000000000','lab','dev',0,0,'0badcafe','none',4,1.0,'done',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,NULL,NULL,NULL,NULL,NULL,'{"loss": 0.5}','{"ptrace": 1}','{}','vanilla-dev-none-0',1.79599483523966717722e+09,NULL,1.79599483524169635777e+09);
INSERT INTO "runs" VALUES('gains-dev-none-0','s2','gains','0000000000000000000000000000000000000000','r1','dev',0,0,'0badcafe','none',4,1.0,'done',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,NULL,NULL,NULL,NULL,NULL,'{}','{}','{}','gains-dev-none-0',1.79599483532769823071e+09,NULL,1.79599483533513665199e+09);
INSERT INTO "runs" VALUES('gains-sealed-none-0','s2','gains','0000000000000000000000000000000000000000','r1','sealed',0,0,'0badcafe','none',4,1.0,'done',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,NULL,NULL,NULL,NULL,NULL,'{}','null','{}','gains-sealed-none-0',1.79599483535400176051e+09,NULL,1.79599483535457539557e+09);
INSERT INTO "runs" VALUES('gains-sealed-blind-0','s2','gains','0000000000000000000000000000000000000000','r1','sealed',0,0,'0badcafe','blind',4,1.0,'queued',0,NULL,0.0,0.0,NULL,NULL,NULL,NULL,NULL,'{}',NULL,'{}',NULL,1.79599483537075471878e+09,NULL,NULL);
INSERT INTO "runs" VALUES('fails-dev-none-0','s3','fails','0000000000000000000000000000000000000000','r1','dev',0,0,'0badcafe','none',4,1.0,'failed',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,'ValueError','method.py',3,NULL,NULL,'{}','null','{}',NULL,1.79599483538382363322e+09,NULL,1.79599483538425397878e+09);
INSERT INTO "runs" VALUES('fails-dev-none-1','s3','fails','0000000000000000000000000000000000000000','r1','dev',1,1,'0badcafe','none',4,1.0,'cancelled',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,NULL,NULL,NULL,'another run of this code failed',NULL,'{}','null','{}',NULL,1.79599483538482832911e+09,NULL,1.79599483538523340222e+09);
INSERT INTO "runs" VALUES('lost-dev-none-0','s4','lost','0000000000000000000000000000000000000000','r1','dev',0,0,'0badcafe','none',4,1.0,'lost',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,NULL,NULL,NULL,'no sandbox started',NULL,'{}','null','{}',NULL,1.79599483540884304047e+09,NULL,1.79599483540945482253e+09);
INSERT INTO "runs" VALUES('withdrawn-dev-none-0','s5','withdrawn','0000000000000000000000000000000000000000','r1','dev',0,0,'0badcafe','none',4,1.0,'cancelled',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,NULL,NULL,NULL,'withdrawn by its author',NULL,'{}','null','{}',NULL,1.79599483544398379327e+09,NULL,1.79599483544460868838e+09);
INSERT INTO "runs" VALUES('cancelled-dev-none-0','s6','cancelled','0000000000000000000000000000000000000000','r1','dev',0,0,'0badcafe','none',4,1.0,'cancelled',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,NULL,NULL,NULL,'cancelled by the person who runs the lab: too slow',NULL,'{}','null','{}',NULL,1.7959948354671709538e+09,NULL,1.79599483546754527091e+09);
INSERT INTO "runs" VALUES('overruled-dev-none-0','s7','overruled','0000000000000000000000000000000000000000','r2','dev',0,0,'0badcafe','none',4,1.0,'done',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,NULL,NULL,NULL,NULL,NULL,'{}','null','{}','overruled-dev-none-0',1.79599483549277448655e+09,NULL,1.79599483549342346187e+09);
INSERT INTO "runs" VALUES('twin-dev-none-0','s8','twin','0000000000000000000000000000000000000000','r2','dev',0,0,'0badcafe','none',4,1.0,'done',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,NULL,NULL,NULL,NULL,NULL,'{}','null','{}','twin-dev-none-0',1.79599483551149320605e+09,NULL,1.79599483551191806789e+09);
INSERT INTO "runs" VALUES('twin-dev-seeds of gains-0','s8','twin','0000000000000000000000000000000000000000','r2','dev',0,0,'0badcafe','seeds of gains',4,1.0,'queued',0,NULL,0.0,0.0,NULL,NULL,NULL,NULL,NULL,'{}',NULL,'{}',NULL,1.79599483551341724393e+09,NULL,NULL);
INSERT INTO "runs" VALUES('by-a-person-dev-none-0','s9','by-a-person','0000000000000000000000000000000000000000','operator','dev',0,0,'0badcafe','none',4,1.0,'done',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,NULL,NULL,NULL,NULL,NULL,'{}','null','{}','by-a-person-dev-none-0',1.79599483551961708067e+09,NULL,1.79599483552000522613e+09);
INSERT INTO "runs" VALUES('by-itself-dev-none-0','s10','by-itself','0000000000000000000000000000000000000000','fresh','dev',0,0,'0badcafe','none',4,1.0,'queued',0,NULL,0.0,0.0,NULL,NULL,NULL,NULL,NULL,'{}',NULL,'{}',NULL,1.79599483552480340001e+09,NULL,NULL);
INSERT INTO "runs" VALUES('practised-practice-none-0',NULL,'practised','0000000000000000000000000000000000000000','r1','practice',0,0,'0badcafe','none',4,1.0,'failed',0,NULL,1.12345678901234569124e+00,3.00000000000000044408e-01,'ValueError',NULL,NULL,NULL,'its own words','{}','null','{}',NULL,1.79599483552528047568e+09,NULL,1.79599483552567458152e+09);
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
	decided FLOAT, 
	PRIMARY KEY (number), 
	UNIQUE (researcher, request), 
	UNIQUE (id), 
	FOREIGN KEY(researcher) REFERENCES researchers (name)
);
INSERT INTO "submissions" VALUES(1,'s1','vanilla','0000000000000000000000000000000000000000','lab','vanilla','','[]','much better','pending','sealed','baseline','request of vanilla',1.7959948351790831089e+09,NULL);
INSERT INTO "submissions" VALUES(2,'s2','gains','0000000000000000000000000000000000000000','r1','a method','','[]','much better','pending','sealed','a would-be record: being reproduced on fresh seeds and items','request of gains',1.79599483531274604799e+09,NULL);
INSERT INTO "submissions" VALUES(3,'s3','fails','0000000000000000000000000000000000000000','r1','a method','','[]','much better','failed','done','ValueError in method.py, line 3','request of fails',1.7959948353721456528e+09,1.79599483538586306577e+09);
INSERT INTO "submissions" VALUES(4,'s4','lost','0000000000000000000000000000000000000000','r1','a method','','[]','much better','failed','done','the lab lost a run of this submission; the code is not blamed: hand the same code in again, it costs nothing','request of lost',1.79599483540097475055e+09,1.79599483543078589434e+09);
INSERT INTO "submissions" VALUES(5,'s5','withdrawn','0000000000000000000000000000000000000000','r1','a method','','[]','much better','failed','done','withdrawn by its author','request of withdrawn',1.79599483543196654323e+09,1.79599483544557023051e+09);
INSERT INTO "submissions" VALUES(6,'s6','cancelled','0000000000000000000000000000000000000000','r2','a method','','[]','much better','failed','done','cancelled by the person who runs the lab: too slow','request of cancelled',1.79599483546590018277e+09,1.79599483546850562099e+09);
INSERT INTO "submissions" VALUES(7,'s7','overruled','0000000000000000000000000000000000000000','r2','a method','','[]','much better','violation','done','decided by a person','request of overruled',1.79599483546960496903e+09,1.79599483550422763826e+09);
INSERT INTO "submissions" VALUES(8,'s8','twin','0000000000000000000000000000000000000000','r2','a method','','[]','much better','pending','dev','','request of twin',1.79599483550524830822e+09,NULL);
INSERT INTO "submissions" VALUES(9,'s9','by-a-person','0000000000000000000000000000000000000000','operator','a method','','[]','much better','pending','sealed','no significant improvement over the record, which has accuracy 0.661 on dev','request of by-a-person',1.7959948355140507221e+09,NULL);
INSERT INTO "submissions" VALUES(10,'s10','by-itself','0000000000000000000000000000000000000000','fresh','a method','','[]','much better','pending','dev','','request of by-itself',1.79599483552139663699e+09,NULL);
CREATE TABLE verdicts (
	id INTEGER NOT NULL, 
	submission VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	rule VARCHAR, 
	reply TEXT NOT NULL, 
	figures JSON NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (submission, stage), 
	CHECK (stage IN ('dev', 'sealed')), 
	FOREIGN KEY(submission) REFERENCES submissions (id)
);
INSERT INTO "verdicts" VALUES(1,'s1','dev','pending',NULL,'baseline','{"seeds": 1, "n": 600, "note": "baseline"}',1.79599483525808906549e+09);
INSERT INTO "verdicts" VALUES(2,'s2','dev','pending',NULL,'a would-be record: being reproduced on fresh seeds and items','{"seeds": 3, "n": 600, "champion": "s1", "attempt": 1}',1.79599483533651924135e+09);
INSERT INTO "verdicts" VALUES(3,'s3','dev','failed',NULL,'ValueError in method.py, line 3','{"seeds": 0, "n": 600, "note": "run failed"}',1.79599483538586306577e+09);
INSERT INTO "verdicts" VALUES(4,'s4','dev','failed',NULL,'the lab lost a run of this submission; the code is not blamed: hand the same code in again, it costs nothing','{"seeds": 0, "n": 600, "note": "run lost"}',1.79599483543078589434e+09);
INSERT INTO "verdicts" VALUES(5,'s5','dev','failed',NULL,'withdrawn by its author','{"seeds": 0, "n": 600, "note": "cancelled"}',1.79599483544557023051e+09);
INSERT INTO "verdicts" VALUES(6,'s6','dev','failed',NULL,'cancelled by the person who runs the lab: too slow','{"seeds": 0, "n": 600, "note": "cancelled"}',1.79599483546850562099e+09);
INSERT INTO "verdicts" VALUES(7,'s7','dev','no_improvement',NULL,'no significant improvement over the record, which has accuracy 0.661 on dev','{"seeds": 3, "n": 600}',1.79599483549950122832e+09);
INSERT INTO "verdicts" VALUES(8,'s9','dev','pending',NULL,'no significant improvement over the record, which has accuracy 0.661 on dev','{"seeds": 3, "n": 600}',1.79599483552066636077e+09);
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
CREATE INDEX ix_submissions_code_hash ON submissions (code_hash);
CREATE INDEX ix_comments_post ON comments (post);
CREATE INDEX runs_by_code ON runs (code_hash, split);
CREATE INDEX runs_by_end ON runs (state, finished);
CREATE INDEX runs_queue ON runs (state, priority, researcher, created, pair_index, "key");
COMMIT;
