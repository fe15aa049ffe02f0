// `loanloom config`: all settings with their present values, made from the table of settings.
// Secrets are named, never shown.

import { Command, Option } from "commander";
import {
  describeSettings,
  loadConfig,
  settingsMarkdown,
  withoutPassword,
  type SettingDescription,
} from "../config.ts";
import { EXIT_HELP } from "./exit-codes.ts";

interface ListingOptions {
  readonly json: boolean;
  readonly markdown: boolean;
}

export function configCommand(): Command {
  return new Command("config")
    .description("list all settings, their values and what they are for; checks them, too")
    .option("--json", "print one line of JSON", false)
    .addOption(
      new Option("--markdown", "print the table of the README").default(false).conflicts("json"),
    )
    .addHelpText("after", EXIT_HELP)
    .action((options: ListingOptions) => {
      loadConfig(process.env);
      process.stdout.write(`${listing(options)}\n`);
    });
}

function listing({ json, markdown }: ListingOptions): string {
  if (markdown) return settingsMarkdown();
  const settings = describeSettings().map((setting) => ({ ...setting, value: valueOf(setting) }));
  if (json) return JSON.stringify(settings);
  return settingsText();
}

/** Null: not set, and there is no default. */
function valueOf(setting: SettingDescription): string | null {
  const given = process.env[setting.variable]?.trim();
  if (given === undefined || given === "") return setting.default;
  return setting.secret ? "(hidden)" : withoutPassword(given);
}

/** Two lines a setting: `VARIABLE = value unit`, and what it is. */
export function settingsText(): string {
  return describeSettings()
    .map((setting) => {
      const value = valueOf(setting);
      const unit = setting.unit === null || value === null ? "" : ` ${setting.unit}`;
      const shown = value === null || value === "" ? "(none)" : `${value}${unit}`;
      return `  ${setting.variable} = ${shown}\n      ${setting.about}; ${setting.expected}`;
    })
    .join("\n");
}
