CREATE TABLE "archive_file" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "archive_file_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"key" text NOT NULL,
	"month" date NOT NULL,
	"first_user_id" bigint NOT NULL,
	"last_user_id" bigint NOT NULL,
	"transactions" integer NOT NULL,
	"bytes" integer NOT NULL,
	"sha256" "bytea" NOT NULL,
	"written_at" timestamp with time zone NOT NULL,
	"renew" boolean DEFAULT false NOT NULL,
	"left_account_ids" bigint[] DEFAULT '{}' NOT NULL,
	"unused_since" timestamp with time zone,
	CONSTRAINT "archive_file_key_unique" UNIQUE("key")
);
--> statement-breakpoint
CREATE TABLE "archive_month" (
	"month" date PRIMARY KEY NOT NULL,
	"state" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "archive_part" (
	"user_id" bigint NOT NULL,
	"month" date NOT NULL,
	"file_id" bigint NOT NULL,
	"account_ids" bigint[] NOT NULL,
	"transactions" integer NOT NULL,
	"marks" bigint[] NOT NULL,
	CONSTRAINT "archive_part_user_id_month_file_id_pk" PRIMARY KEY("user_id","month","file_id")
);
--> statement-breakpoint
ALTER TABLE "archive_part" ADD CONSTRAINT "archive_part_file_id_archive_file_id_fk" FOREIGN KEY ("file_id") REFERENCES "public"."archive_file"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "archive_part_file" ON "archive_part" USING btree ("file_id");