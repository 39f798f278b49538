/**
 * What the service says of a repository's trouble, by its kind. The service writes in English, with what the repository itself answered in
 * it; other languages get the kind in their own words, and the service's words after it.
 */
const KINDS: readonly { readonly says: RegExp; readonly fr: string }[] = [
  { says: /move destination/iu, fr: "Notre titre AE n’est pas déclaré là-bas comme destination C-MOVE." },
  { says: /presentation contexts/iu, fr: "Le dépôt n’accepte aucun contexte de présentation de notre part." },
  { says: /AE title|association (?:was )?rejected|rejected/iu, fr: "Le dépôt refuse l’association DICOM : un titre AE n’y est pas connu." },
  { says: /folder or bucket is not there/iu, fr: "Le dossier ou le compartiment n’est pas là." },
  { says: /permission denied/iu, fr: "Le service n’a pas le droit de lire le dossier ou le compartiment." },
  { says: /\b401\b|credentials are (?:wrong|missing)|asks for credentials|it is not asked, because/iu, fr: "Nos identifiants d’accès manquent ou ne sont pas acceptés." },
  { says: /\b403\b|may not (?:do|search)/iu, fr: "Nos identifiants d’accès n’en donnent pas le droit." },
  { says: /certificate|\btls\b|handshake|UnknownIssuer|UnknownCA/iu, fr: "La connexion sécurisée (TLS) ne peut être établie : certificat ou chiffrement." },
  { says: /has no address|dns error|failed to lookup|name or service not known/iu, fr: "Le nom de l’hôte n’a pas d’adresse." },
  { says: /connection refused|port \d+ is closed/iu, fr: "La connexion est refusée : rien n’écoute à ce port." },
  { says: /no answer within|nothing more for|does not answer within|timed out|timeout|deadline/iu, fr: "Le dépôt n’a pas répondu à temps." },
  { says: /connection (?:reset|closed)|broke off|incomplete message|can't be reached|no route|unreachable|error sending request/iu, fr: "La connexion au dépôt est coupée ou impossible." },
  { says: /status 5\d\d|server is in trouble/iu, fr: "Le serveur du dépôt est en panne." },
  { says: /status 3\d\d|redirect/iu, fr: "Le serveur renvoie à une autre adresse." },
  { says: /\b404\b|no DICOMweb search at this address/iu, fr: "Il n’y a pas de recherche DICOMweb à cette adresse." },
  { says: /tells of less than it has/iu, fr: "Le dépôt n’a donné qu’une partie de sa liste." },
  { says: /does not hold it/iu, fr: "Le dépôt ne possède pas ce qui était demandé." },
  { says: /^repository \S+ broke /iu, fr: "La réponse du dépôt enfreint le protocole." },
  { says: /^repository \S+ refused/iu, fr: "Le dépôt refuse la demande." },
  { says: /^repository \S+ is unavailable/iu, fr: "Le dépôt n’est pas joignable." },
];

/** The kind of a trouble in French; null for one that is not known. */
export function frenchKindOf(text: string): string | null {
  return KINDS.find(({ says }) => says.test(text))?.fr ?? null;
}
