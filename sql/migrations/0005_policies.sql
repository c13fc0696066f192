CREATE TABLE "policy" (
	"name" text PRIMARY KEY NOT NULL,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"next_run_at" timestamp with time zone,
	"lease_token" uuid,
	"lease_until" timestamp with time zone,
	"started_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"status" text,
	"message" text,
	"failures" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "transaction_ref" ADD COLUMN "gone_on" date;--> statement-breakpoint
UPDATE "transaction_ref" SET "gone_on" = current_date WHERE "booked_on" IS NULL;--> statement-breakpoint
CREATE INDEX "transaction_ref_gone" ON "transaction_ref" USING btree ("gone_on") WHERE gone_on IS NOT NULL;