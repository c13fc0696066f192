CREATE TABLE "archive_late" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "archive_late_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" bigint NOT NULL,
	"month" date NOT NULL
);
--> statement-breakpoint
CREATE INDEX "archive_late_month" ON "archive_late" USING btree ("month","user_id");