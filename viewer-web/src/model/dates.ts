/** A DICOM date (DA) as ISO 8601, the same in both languages; text that is no date is shown as it came. */
export function isoDate(dicom: string | null): string | null {
  if (dicom === null || dicom.trim() === "") return null;
  const parts = /^(\d{4})\.?(\d{2})\.?(\d{2})$/u.exec(dicom.trim());
  return parts === null ? dicom.trim() : `${parts[1]}-${parts[2]}-${parts[3]}`;
}

/** A DICOM time (TM) as hours and minutes. */
export function isoTime(dicom: string | null): string | null {
  const parts = /^(\d{2}):?(\d{2})/u.exec(dicom?.trim() ?? "");
  return parts === null ? null : `${parts[1]}:${parts[2]}`;
}

/** An HTML date field's value as a DICOM date. */
export function dicomDate(iso: string): string {
  return iso.replaceAll("-", "");
}

/** A day as a DICOM date, in the reader's own zone. */
export function dicomDay(day: Date): string {
  return `${day.getFullYear()}${two(day.getMonth() + 1)}${two(day.getDate())}`;
}

/** An age at a day. Months matter under two years, days under one month. */
export type Age = { readonly unit: "years" | "months" | "days"; readonly count: number };

/** The age that a person born on `birthDate` has on `on`, both DICOM dates; null when either is not a date. */
export function ageOn(birthDate: string | null, on: string): Age | null {
  const born = dateParts(birthDate);
  const day = dateParts(on);
  if (born === null || day === null) return null;
  const months = (day.year - born.year) * 12 + (day.month - born.month) - (day.day < born.day ? 1 : 0);
  if (months < 0) return null;
  if (months >= 24) return { unit: "years", count: Math.floor(months / 12) };
  if (months >= 1) return { unit: "months", count: months };
  const days = Math.round((Date.UTC(day.year, day.month - 1, day.day) - Date.UTC(born.year, born.month - 1, born.day)) / 86_400_000);
  return days < 0 ? null : { unit: "days", count: days };
}

function dateParts(dicom: string | null): { year: number; month: number; day: number } | null {
  const parts = /^(\d{4})(\d{2})(\d{2})$/u.exec(dicom ?? "");
  return parts === null ? null : { year: Number(parts[1]), month: Number(parts[2]), day: Number(parts[3]) };
}

/** The local day of an instant, as a DICOM date; null when it is no instant. */
export function dayOfInstant(instant: string | null): string | null {
  const time = instant === null ? Number.NaN : Date.parse(instant);
  return Number.isNaN(time) ? null : dicomDay(new Date(time));
}

/** An instant as local date and time to the minute. */
export function isoInstant(instant: string | null): string | null {
  const time = instant === null ? Number.NaN : Date.parse(instant);
  if (Number.isNaN(time)) return instant;
  const at = new Date(time);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** Today as a DICOM date, in the reader's own zone. */
export function today(): string {
  return daysAgo(0);
}

/** How long ago an examination was, in words: hours on its day and the day after, then days, months and years. */
export function sinceExam(date: string | null, time: string | null, language: string, now: Date = new Date()): string | null {
  const day = dateParts(date);
  if (day === null) return null;
  const clock = /^(\d{2}):?(\d{2})/u.exec(time ?? "");
  const begun = new Date(day.year, day.month - 1, day.day, Number(clock?.[1] ?? 0), Number(clock?.[2] ?? 0));
  const hours = Math.max(0, Math.floor((now.getTime() - begun.getTime()) / 3_600_000));
  const say = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  if (clock !== null && hours < 48) return say.format(-hours, "hour");
  const days = Math.max(0, Math.round((Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) - Date.UTC(day.year, day.month - 1, day.day)) / 86_400_000));
  if (days < 62) return say.format(-days, "day");
  const months = (now.getFullYear() - day.year) * 12 + now.getMonth() + 1 - day.month - (now.getDate() < day.day ? 1 : 0);
  return months < 24 ? say.format(-months, "month") : say.format(-Math.floor(months / 12), "year");
}

/** A day before today as a DICOM date, in the reader's own zone. */
export function daysAgo(days: number): string {
  const day = new Date();
  day.setDate(day.getDate() - days); // by the calendar: a day may have 23 hours
  return dicomDay(day);
}
