CREATE TABLE "account" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "account_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" bigint NOT NULL,
	"source_id" bigint NOT NULL,
	"external_id" text NOT NULL,
	"kind" text DEFAULT 'other' NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "account_external_id" UNIQUE("source_id","user_id","external_id"),
	CONSTRAINT "account_kind" CHECK ("account"."kind" in ('checking', 'savings', 'card', 'loan', 'brokerage', 'crypto', 'wallet', 'cash', 'property', 'other'))
);
--> statement-breakpoint
CREATE TABLE "api_key" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "api_key_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" bigint NOT NULL,
	"name" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"scopes" text[] NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "api_key_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "app_user" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "app_user_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"email" text NOT NULL,
	"time_zone" text DEFAULT 'UTC' NOT NULL,
	"base_currency" text DEFAULT 'EUR' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "app_user_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE TABLE "dead_letter" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "dead_letter_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"source_id" bigint NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"request" jsonb NOT NULL,
	"error" text NOT NULL,
	"attempts" integer NOT NULL,
	"status" text DEFAULT 'open' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "price" (
	"asset" text NOT NULL,
	"currency" text NOT NULL,
	"day" date NOT NULL,
	"price" numeric NOT NULL,
	"provider" text NOT NULL,
	CONSTRAINT "price_asset_currency_day_pk" PRIMARY KEY("asset","currency","day"),
	CONSTRAINT "price_positive" CHECK ("price"."price" > 0 and "price"."price" < 'infinity')
);
--> statement-breakpoint
CREATE TABLE "price_pair" (
	"asset" text NOT NULL,
	"currency" text NOT NULL,
	CONSTRAINT "price_pair_asset_currency_pk" PRIMARY KEY("asset","currency")
);
--> statement-breakpoint
CREATE TABLE "provider_quota" (
	"scope" text NOT NULL,
	"slot" integer NOT NULL,
	"used_at" timestamp with time zone NOT NULL,
	"paused_until" timestamp with time zone,
	CONSTRAINT "provider_quota_scope_slot_pk" PRIMARY KEY("scope","slot")
);
--> statement-breakpoint
CREATE TABLE "reconciliation" (
	"user_id" bigint NOT NULL,
	"account_id" bigint NOT NULL,
	"asset" text NOT NULL,
	"day" date NOT NULL,
	"edge" text NOT NULL,
	"reported" numeric NOT NULL,
	"sequence" bigint DEFAULT 0 NOT NULL,
	"entries" numeric DEFAULT '0' NOT NULL,
	"folded" numeric DEFAULT '0' NOT NULL,
	"difference" numeric GENERATED ALWAYS AS (reported - folded) STORED,
	"recorded_at" timestamp with time zone NOT NULL,
	CONSTRAINT "reconciliation_account_id_asset_day_edge_pk" PRIMARY KEY("account_id","asset","day","edge"),
	CONSTRAINT "reconciliation_edge" CHECK ("reconciliation"."edge" in ('open', 'close', 'set'))
);
--> statement-breakpoint
CREATE TABLE "refresh_token" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"family" uuid NOT NULL,
	"user_id" bigint NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"rotated_at" timestamp with time zone,
	"revoked_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "rollup_dirty" (
	"user_id" bigint PRIMARY KEY NOT NULL,
	"from_day" date NOT NULL,
	"marked_xid" "xid8" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "source_type" (
	"id" text PRIMARY KEY NOT NULL,
	"title" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sync_run" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sync_run_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"source_id" bigint NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"outcome" text,
	"subject" text NOT NULL,
	"added" integer DEFAULT 0 NOT NULL,
	"changed" integer DEFAULT 0 NOT NULL,
	"unchanged" integer DEFAULT 0 NOT NULL,
	"removed" integer DEFAULT 0 NOT NULL,
	"message" text
);
--> statement-breakpoint
CREATE TABLE "transaction_ref" (
	"user_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"booked_on" date,
	"digest" uuid,
	"version" bigint DEFAULT 0 NOT NULL,
	"replaced" boolean DEFAULT false NOT NULL,
	CONSTRAINT "transaction_ref_user_id_id_pk" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
CREATE TABLE "user_source" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "user_source_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" bigint,
	"source_type_id" text NOT NULL,
	"name" text NOT NULL,
	"credentials" "bytea",
	"config" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"cursor" jsonb,
	"last_sync_time" timestamp with time zone,
	"next_sync_at" timestamp with time zone,
	"lease_token" uuid,
	"lease_until" timestamp with time zone,
	"status" text DEFAULT 'active' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "user_source_name" UNIQUE NULLS NOT DISTINCT("user_id","source_type_id","name")
);
--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_user_id_app_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."app_user"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_source_id_user_source_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."user_source"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_user_id_app_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."app_user"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dead_letter" ADD CONSTRAINT "dead_letter_source_id_user_source_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."user_source"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reconciliation" ADD CONSTRAINT "reconciliation_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refresh_token" ADD CONSTRAINT "refresh_token_user_id_app_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."app_user"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sync_run" ADD CONSTRAINT "sync_run_source_id_user_source_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."user_source"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_source" ADD CONSTRAINT "user_source_user_id_app_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."app_user"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_source" ADD CONSTRAINT "user_source_source_type_id_source_type_id_fk" FOREIGN KEY ("source_type_id") REFERENCES "public"."source_type"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_user" ON "account" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "price_pair_currency" ON "price_pair" USING btree ("currency","asset");--> statement-breakpoint
CREATE INDEX "refresh_token_family" ON "refresh_token" USING btree ("family");--> statement-breakpoint
CREATE INDEX "sync_run_source" ON "sync_run" USING btree ("source_id","started_at");--> statement-breakpoint
CREATE INDEX "user_source_due" ON "user_source" USING btree ("next_sync_at") WHERE status = 'active' and next_sync_at is not null;