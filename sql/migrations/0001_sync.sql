CREATE TABLE "platform_user" (
	"source_id" bigint NOT NULL,
	"external_id" text NOT NULL,
	"user_id" bigint NOT NULL,
	CONSTRAINT "platform_user_source_id_external_id_pk" PRIMARY KEY("source_id","external_id")
);
--> statement-breakpoint
CREATE TABLE "provider_pause" (
	"scope" text PRIMARY KEY NOT NULL,
	"paused_until" timestamp with time zone NOT NULL,
	"strikes" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_event" (
	"source_type_id" text NOT NULL,
	"event_id" text NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "webhook_event_source_type_id_event_id_pk" PRIMARY KEY("source_type_id","event_id")
);
--> statement-breakpoint
DROP INDEX "user_source_due";--> statement-breakpoint
ALTER TABLE "app_user" ALTER COLUMN "email" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "app_user" ADD COLUMN "last_seen_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "dead_letter" ADD COLUMN "kind" text NOT NULL;--> statement-breakpoint
ALTER TABLE "dead_letter" ADD COLUMN "failure_key" uuid NOT NULL;--> statement-breakpoint
ALTER TABLE "dead_letter" ADD COLUMN "code" text NOT NULL;--> statement-breakpoint
ALTER TABLE "dead_letter" ADD COLUMN "updated_at" timestamp with time zone NOT NULL;--> statement-breakpoint
ALTER TABLE "provider_quota" ADD COLUMN "granted_at" timestamp with time zone NOT NULL;--> statement-breakpoint
ALTER TABLE "provider_quota" ADD COLUMN "lane" smallint NOT NULL;--> statement-breakpoint
ALTER TABLE "sync_run" ADD COLUMN "lease_token" uuid;--> statement-breakpoint
ALTER TABLE "sync_run" ADD COLUMN "pages" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "user_source" ADD COLUMN "external_id" text;--> statement-breakpoint
ALTER TABLE "user_source" ADD COLUMN "status_message" text;--> statement-breakpoint
ALTER TABLE "user_source" ADD COLUMN "lane" smallint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "user_source" ADD COLUMN "attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "user_source" ADD COLUMN "backfill_cursor" jsonb;--> statement-breakpoint
ALTER TABLE "user_source" ADD COLUMN "backfill_from" date;--> statement-breakpoint
ALTER TABLE "user_source" ADD COLUMN "backfill_to" date;--> statement-breakpoint
ALTER TABLE "user_source" ADD COLUMN "backfill_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "user_source" ADD COLUMN "backfill_attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "user_source" ADD COLUMN "running_lane" smallint;--> statement-breakpoint
ALTER TABLE "platform_user" ADD CONSTRAINT "platform_user_source_id_user_source_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."user_source"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "platform_user" ADD CONSTRAINT "platform_user_user_id_app_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."app_user"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "platform_user_external_id" ON "platform_user" USING btree ("external_id");--> statement-breakpoint
CREATE INDEX "webhook_event_received" ON "webhook_event" USING btree ("received_at");--> statement-breakpoint
CREATE UNIQUE INDEX "dead_letter_failure" ON "dead_letter" USING btree ("source_id","failure_key") WHERE status in ('open', 'queued');--> statement-breakpoint
CREATE INDEX "dead_letter_source" ON "dead_letter" USING btree ("source_id","status");--> statement-breakpoint
CREATE INDEX "dead_letter_open" ON "dead_letter" USING btree ("updated_at") WHERE status in ('open', 'queued');--> statement-breakpoint
CREATE INDEX "sync_run_started" ON "sync_run" USING brin ("started_at");--> statement-breakpoint
CREATE INDEX "user_source_backfill" ON "user_source" USING btree ("source_type_id","backfill_at") WHERE status = 'active' and backfill_at is not null;--> statement-breakpoint
CREATE INDEX "user_source_running" ON "user_source" USING btree ("source_type_id","running_lane") WHERE running_lane is not null;--> statement-breakpoint
CREATE INDEX "user_source_external_id" ON "user_source" USING btree ("source_type_id","external_id") WHERE external_id is not null;--> statement-breakpoint
CREATE INDEX "user_source_due" ON "user_source" USING btree ("source_type_id","lane","next_sync_at") WHERE status = 'active' and next_sync_at is not null;--> statement-breakpoint
ALTER TABLE "provider_quota" DROP COLUMN "paused_until";--> statement-breakpoint
ALTER TABLE "sync_run" ADD CONSTRAINT "sync_run_lease_token_unique" UNIQUE("lease_token");