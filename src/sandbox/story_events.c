/* story_events: what happened at Ledgerline, a maker of invoicing software, in
 * the last 90 days: six defects, 25 incidents, in the words of customers, desk
 * and developers. Data only; see story.h for what the columns mean. */
#include "story.h"

#define ALICE  "alice@customer.example"
#define BOB    "bob@customer.example"
#define KELLER "j.keller@fabrik-keller.example"
#define HOTEL  "finance@harbour-hotels.example"
#define DENTAL "office@patel-dental.example"
#define PAPER  "accounts@northwind-paper.example"
#define CHOIR  "treasurer@stadtchor.example"
#define BAKERY "hello@three-ovens.example"

#define DAYS(n) ((n)*24)
#define DEFECT(ago, title, text, priority, version)                                                                    \
    { ago, STORY_DEFECT, "dev", 0, title, text, priority, version }
#define MOVE(ago, n, status, note)                                                                                     \
    { ago, STORY_DEFECT_MOVE, "dev", n, NULL, note, status, NULL }
#define ADMIN_MOVE(ago, n, status, note)                                                                               \
    { ago, STORY_DEFECT_MOVE, "admin", n, NULL, note, status, NULL }
#define INCIDENT(ago, from, title, service, impact, text)                                                              \
    { ago, STORY_INCIDENT, from, 0, title, text, service, impact }
#define SAYS(ago, from, n, text)                                                                                       \
    { ago, STORY_MAIL, from, n, NULL, text, NULL, NULL }
#define REPLY(ago, n, status, text)                                                                                    \
    { ago, STORY_REPLY, "agent", n, NULL, text, status, NULL }
#define COMMENT(ago, n, status, text)                                                                                  \
    { ago, STORY_COMMENT, "agent", n, NULL, text, status, NULL }
#define FIELD(ago, n, value)                                                                                           \
    { ago, STORY_FIELD, "agent", n, NULL, NULL, value, NULL }

const struct story_event story_events[] = {
    /* defect 1: the dashboard counts credit notes twice; fixed and delivered with 1.0 */
    INCIDENT(DAYS(88), HOTEL, "Revenue on the dashboard is too low", "Reporting", "medium",
             "Since we issued the credit notes for the cancelled conference, the revenue chart is off by exactly twice "
             "their "
             "sum. The list of invoices is right, the chart is not."),
    DEFECT(DAYS(87) + 5, "Dashboard: revenue chart subtracts credit notes twice",
           "The view sums invoices with credit notes already settled, and then subtracts the credit notes "
           "again.\n\nSeen with "
           "chart range \"quarter\" and \"year\".",
           "3", "1.0"),
    FIELD(DAYS(87), 1, "1"),
    COMMENT(DAYS(87) - 1, 1, "stalled", "Known to development as BUG-1. Nothing the customer can do meanwhile."),
    INCIDENT(
        DAYS(80), PAPER, "Chart and list do not agree", "Reporting", "low",
        "Your revenue chart for Q2 says 41,310.20, the export says 44,870.20. The difference is two times credit note "
        "C-0093."),
    FIELD(DAYS(80) - 3, 2, "#1"),
    MOVE(DAYS(76), 1, "2", "Reproduced. The join on settlements is the culprit."),
    MOVE(DAYS(71), 1, "3", "Fixed in revision 8812, goes out with 1.0."),

    /* defect 2: VAT rounding; a known error with a workaround, nobody hurries */
    INCIDENT(
        DAYS(75), KELLER, "Invoice total one cent off", "Billing", "medium",
        "Invoice 2207 adds up to 1,190.01 in the PDF, our own bookkeeping says 1,190.00. The tax office will ask."),
    INCIDENT(DAYS(73), ALICE, "VAT differs from our accounting by 0.02", "Billing", "medium",
             "With many small positions the VAT on the invoice is two cents higher than 19 % of the net sum. This has "
             "cost me "
             "an afternoon already."),
    DEFECT(DAYS(72), "VAT is rounded per line instead of per invoice",
           "Each line's tax is rounded to cents before the sum is built. With more than about 20 lines the total can "
           "be off by "
           "a cent or more.\n\nThe law allows both ways, but the PDF and the XML then disagree.",
           "2", "1.1"),
    FIELD(DAYS(72) - 2, 3, "2"),
    COMMENT(DAYS(72) - 2, 4, "open", "Same as the ticket of Keller: {redmine}/issues/2"),
    ADMIN_MOVE(DAYS(66), 2, "7",
               "Workaround: settings / invoices / \"gross prices\" avoids the rounding per line. A real fix changes "
               "stored totals "
               "and has to wait for the migration in 1.1."),
    REPLY(DAYS(66) - 2, 3, "closed-unresolved",
          "The difference comes from rounding each line. Until it is changed you can switch to gross prices in the "
          "settings; the "
          "totals are then exact."),
    INCIDENT(DAYS(58), BAKERY, "1 cent!", "Billing", "low", "my invoices are 1 cent wrong again and again. please"),
    FIELD(DAYS(58) - 4, 5, "2"),
    INCIDENT(DAYS(41), CHOIR, "Membership invoices: rounding of VAT", "Billing", "low",
             "Of 212 membership invoices 17 show a total that is a cent too high. We can live with it, but we would "
             "like to know "
             "when this will be corrected."),
    COMMENT(DAYS(41) - 1, 9, NULL, "BUG-2 again."),

    /* the release of 1.0: the fix of defect 1 reaches customers; both incidents are solved */
    ADMIN_MOVE(DAYS(62), 1, "5", "Delivered with 1.0."),
    REPLY(DAYS(62) - 3, 1, "resolved",
          "Version 1.0 is installed, and the chart now agrees with your list. Thank you for your patience."),
    REPLY(DAYS(62) - 3, 2, "resolved", "This is corrected in version 1.0, which you have since this morning."),

    /* defect 3: umlauts in SEPA files; fixed in the code, waits for 1.1 */
    INCIDENT(DAYS(52), KELLER, "Bank refuses our SEPA file", "Payments", "high",
             "The bank rejects the collection file with \"invalid character in Nm\". All names with ü, ö or ß are "
             "affected. We "
             "cannot collect 61 invoices."),
    DEFECT(DAYS(51), "SEPA export: umlauts in names are not transliterated (pain.008)",
           "Names and remittance texts must be reduced to the SEPA character set. We write UTF-8 as it is; some banks "
           "accept it, "
           "most don't.\n\nReported in {rt}/Ticket/Display.html?id=6",
           "4", "1.1"),
    FIELD(DAYS(51), 6, "{redmine}/issues/3"),
    COMMENT(DAYS(51), 6, "stalled",
            "Told the customer by phone to replace umlauts in the master data for the time being."),
    INCIDENT(DAYS(49), CHOIR, "Direct debit file with \"Müller\" not accepted", "Payments", "high",
             "Our bank says that the file contains characters which are not allowed. We have a Müller, two Schröders "
             "and a Groß."),
    FIELD(DAYS(49) - 1, 7, "3"),
    INCIDENT(DAYS(44), BOB, "SEPA upload fails since the new member joined", "Payments", "medium",
             "One new customer, Söhnke GmbH, and the whole file is refused. Without that one it works."),
    COMMENT(DAYS(44) - 6, 8, NULL, "Umlaut in the name, see BUG-3."),
    MOVE(DAYS(40), 3, "2", "Table of replacements is in review."),
    INCIDENT(DAYS(33), DENTAL, "Collections rejected: character set", "Payments", "high",
             "pain.008 rejected, reason CH16. Support of the bank points to the letter é in the name of one patient."),
    FIELD(DAYS(33) - 2, 11, "#3"),
    MOVE(DAYS(21), 3, "3", "Merged. Will be in 1.1."),

    /* defect 5: reminders for paid invoices; open, urgent, growing */
    INCIDENT(DAYS(19), HOTEL, "Guests get reminders although they have paid", "Billing", "critical",
             "Since Monday reminders go out for invoices that were paid by card at the desk. Three guests have "
             "complained, one of "
             "them loudly. Please stop this today."),
    DEFECT(DAYS(19) - 2, "Reminder mails are sent for invoices that are already paid",
           "Payments that arrive through the terminal interface are booked after the reminder run has read its list. "
           "The run does "
           "not look again before it sends.",
           "5", "1.1"),
    FIELD(DAYS(19) - 2, 14, "5"),
    REPLY(DAYS(19) - 3, 14, "open",
          "You can switch the automatic reminders off under dunning / schedule until this is corrected; I have done it "
          "for you now."),
    INCIDENT(DAYS(18), ALICE, "Reminder for a paid invoice", "Billing", "high",
             "My customer got a second reminder for invoice 5519. It was paid last Thursday and is shown as paid in "
             "your own list!"),
    FIELD(DAYS(18) - 1, 15, "5"),
    INCIDENT(
        DAYS(16), BAKERY, "reminders", "Billing", "medium",
        "a customer showed me your reminder mail in the shop, she paid in cash the same day. that was embarassing"),
    COMMENT(DAYS(16) - 5, 16, NULL, "Paid invoices and reminders: BUG-5."),
    INCIDENT(DAYS(12), PAPER, "Dunning run ignores payments of the same morning", "Billing", "high",
             "Payments imported at 07:30 are not considered by the dunning run at 08:00. We checked the log: the list "
             "is read at "
             "02:00."),
    FIELD(DAYS(12) - 1, 18, "5"),
    MOVE(DAYS(11), 5, "2", "Will read the open items again just before each mail."),
    INCIDENT(DAYS(7), KELLER, "Paid, but reminded", "Billing", "medium",
             "Two of our customers were reminded of invoices that they had paid. Is that the known problem?"),
    COMMENT(DAYS(7) - 2, 20, NULL, "See {redmine}/issues/5"),

    /* defect 4: sessions in the portal; development won't change it */
    INCIDENT(DAYS(38), DENTAL, "Logged out while writing an invoice", "Portal", "medium",
             "I was interrupted by a patient, came back after half an hour, pressed save and was asked to log in. The "
             "text was "
             "gone."),
    DEFECT(DAYS(37), "Portal: session ends while a long invoice is edited",
           "Sessions end after 20 minutes without a request; typing is no request. Drafts are only kept on the server "
           "after a "
           "first save.",
           "2", ""),
    FIELD(DAYS(37), 10, "4"),
    INCIDENT(
        DAYS(30), CHOIR, "Portal forgets what I typed", "Portal", "low",
        "When I look up addresses for longer, the portal throws me out and everything that I had entered is lost."),
    FIELD(DAYS(30) - 3, 12, "4"),
    ADMIN_MOVE(DAYS(26), 4, "8",
               "Won't change: the 20 minutes are a demand of the auditors. Saving a draft first keeps the text; the "
               "manual says so "
               "now."),
    REPLY(
        DAYS(25), 12, "closed-unresolved",
        "The portal has to end sessions after 20 minutes. If you save the invoice as a draft first, nothing is lost."),

    /* defect 6 turns out to be a duplicate of defect 5 */
    INCIDENT(DAYS(6), BOB, "Second reminder one hour after the payment", "Billing", "medium",
             "Payment confirmed at 9:12, reminder at 10:03. This looks bad."),
    DEFECT(DAYS(6) - 2, "Dunning: payments by terminal are seen too late",
           "Same morning's payments are not in the dunning list.", "3", ""),
    FIELD(DAYS(6) - 2, 21, "6"),
    {DAYS(5), STORY_RELATION, "dev", 6, NULL, NULL, "5", NULL},

    /* incidents that hang on nothing known, yet or ever */
    INCIDENT(DAYS(29), BAKERY, "forgot password", "Portal", "low", "cant log in, please reset"),
    REPLY(DAYS(29) - 1, 13, "resolved", "I have sent you a link for a new password."),
    INCIDENT(DAYS(15), HOTEL, "Please add a second signatory", "Billing", "low",
             "Ms Okafor shall be able to approve invoices up to 5,000. The form is attached to our contract."),
    REPLY(DAYS(14), 17, "resolved", "Done: Ms Okafor can approve invoices up to 5,000."),
    INCIDENT(
        DAYS(9), PAPER, "PDF cuts off the last lines", "Billing", "high",
        "Invoices with more than 40 positions lose the totals row at the end of page 2. Customers pay what they like."),
    REPLY(DAYS(9) - 2, 19, "open", "Thank you. Could you send us the number of one such invoice?"),
    SAYS(DAYS(8), PAPER, 19, "2290 and 2304, for instance. Both have 46 lines."),
    INCIDENT(DAYS(5), KELLER, "Totals row missing in PDF", "Billing", "high",
             "The PDF of invoice 2311 has no totals row. The page ends in the middle of the table."),
    COMMENT(DAYS(5) - 1, 22, "open", "Same picture as with Northwind; not yet reported to development."),
    INCIDENT(DAYS(3), DENTAL, "Who may see our invoices?", "Portal", "low",
             "A patient asks where the data is kept. Do you have a paper on that in English?"),
    INCIDENT(DAYS(2), CHOIR, "Total is a cent too high on 3 invoices", "Billing", "low",
             "Numbers 1044, 1051 and 1060. The sum of the lines is right, the total with VAT is not."),
    INCIDENT(20, ALICE, "Reminder after payment, again", "Billing", "high",
             "You told me that this was known. It has now happened with invoice 5580 as well. When will it stop?"),
    SAYS(6, ALICE, 15, "Is there any news? I have switched all reminders off, but that cannot be the solution."),
};
const size_t story_count = sizeof(story_events) / sizeof(story_events[0]);
