import type { VNode } from "preact";
import type { HourOfActivity } from "../../../domain/activity/activity-reader.ts";
import { formatCount, formatHour, HourPlot } from "./hour-plot.tsx";

/** The hours on the page. */
export const activityHoursShown = 24;

const plots = [
  { name: "requests", title: "Requests", isWarning: false },
  { name: "rejections", title: "Rejected requests", isWarning: true },
  { name: "toolCalls", title: "Tool calls", isWarning: false },
] as const;

/** What clients did in the last hours, as plots and as a table. */
export const Activity = ({
  base,
  hours,
}: {
  readonly base: string;
  readonly hours: readonly HourOfActivity[];
}): VNode => (
  <section aria-labelledby="activity">
    <h2 id="activity">Last {activityHoursShown} hours</h2>
    <div class="plots">
      {plots.map(({ name, title, isWarning }) => (
        <HourPlot
          key={name}
          id={name}
          title={title}
          isWarning={isWarning}
          hours={hours.map((hour) => ({ at: hour.at, value: hour[name] }))}
        />
      ))}
    </div>
    <details>
      <summary>Numbers by hour</summary>
      <table>
        <caption class="hidden">Activity by hour, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">Hour</th>
            {plots.map(({ name, title }) => (
              <th key={name} scope="col" class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...hours].reverse().map((hour) => (
            <tr key={hour.at}>
              <th scope="row">
                {hour.at.slice(0, 10)} {formatHour(hour.at)}
              </th>
              {plots.map(({ name }) => (
                <td key={name} class="number">
                  {formatCount(hour[name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
    <p class="hint">
      Requests to the APIs, without those to this console. The numbers are a few seconds old. The{" "}
      <a href={`${base}/provisioning/requests?rejected=true`}>request log</a> has the reason of each rejection.
    </p>
  </section>
);
