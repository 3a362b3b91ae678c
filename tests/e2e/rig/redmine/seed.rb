# Fills a migrated, empty database with the seed, once (see make_template in start),
# and writes keys and ids to the file $REDMINE_KEYS as assignments for a shell.
require 'securerandom'

Redmine::DefaultData::Loader.load('en')

Setting.rest_api_enabled = '1'
Setting.login_required = '1'
Setting.host_name = '127.0.0.1'
Setting.default_language = 'en'
Setting.notified_events = []
Setting.commit_update_keywords = []

# --- statuses: the default ones plus two
status = ->(name) { IssueStatus.find_by!(name: name) }
IssueStatus.create!(name: 'Known Error', is_closed: false)
IssueStatus.create!(name: "Won't Fix", is_closed: true)

# --- custom fields
bug = Tracker.find_by!(name: 'Bug')
keys = {}
field = lambda do |name, format, variable|
  f = IssueCustomField.create!(name: name, field_format: format, is_for_all: true,
                               is_filter: true, visible: true, trackers: [bug])
  keys[variable] = f.id # only an admin can list the fields by REST
end
field.call('Linked incidents', 'text', 'REDMINE_CF_LINKED')
field.call('Incident count', 'int', 'REDMINE_CF_COUNT')
field.call('Closed-unresolved incidents', 'int', 'REDMINE_CF_UNRESOLVED')

# --- users and roles
user = lambda do |login, first, last, admin = false|
  u = User.new(firstname: first, lastname: last, mail: "#{login}@rig.example", language: 'en')
  u.login = login
  u.admin = admin
  u.password = u.password_confirmation = "#{login}-password"
  u.mail_notification = 'none'
  u.save!
  u.pref.time_zone = ENV['REDMINE_USER_TZ'] if login == 'bridge'
  u.pref.save!
  keys["REDMINE_#{login.upcase}_KEY"] = u.api_key
  u
end
admin = User.find_by!(login: 'admin')
admin.update_columns(must_change_passwd: false)
keys['REDMINE_KEY'] = admin.api_key
bridge   = user.call('bridge', 'Incident', 'Bridge')
dev      = user.call('dev', 'Dora', 'Developer')
outsider = user.call('outsider', 'Olga', 'Outsider')

bridge_role = Role.create!(
  name: 'Bridge', issues_visibility: 'all', assignable: false,
  permissions: %i[view_issues add_issues edit_issues add_issue_notes edit_own_issue_notes
                  view_private_notes set_notes_private manage_issue_relations]
)
# The bridge may make every transition, a new issue may start anywhere. The
# Developer role keeps Redmine's default workflow, in which many are forbidden.
statuses = IssueStatus.all.to_a
([nil] + statuses).each do |from|
  statuses.each do |to|
    next if from == to
    WorkflowTransition.create!(role: bridge_role, tracker: bug, new_status: to,
                               old_status_id: from ? from.id : 0)
  end
end
# People need a way into and out of the two added statuses.
[Role.find_by!(name: 'Manager'), Role.find_by!(name: 'Developer')].each do |role|
  extra = [status.('Known Error'), status.("Won't Fix")]
  open = statuses.reject(&:is_closed) - extra
  extra.each do |s|
    open.each { |o| WorkflowTransition.create!(role: role, tracker: bug, old_status: o, new_status: s) }
    open.each { |o| WorkflowTransition.create!(role: role, tracker: bug, old_status: s, new_status: o) }
  end
  WorkflowTransition.create!(role: role, tracker: bug, old_status: status.('Known Error'), new_status: status.('Resolved'))
end

# --- projects: the bridge sees 'product' only, developers both
project = lambda do |name, ident|
  p = Project.new(name: name, is_public: false, trackers: [bug])
  p.identifier = ident
  p.enabled_module_names = %w[issue_tracking]
  p.save!
  p
end
product = project.call('Product', 'product')
other   = project.call('Other product', 'other')
%w[1.0 1.1].each do |v|
  keys["REDMINE_VERSION_#{v.tr('.', '_')}"] = Version.create!(project: product, name: v).id
end
IssueCategory.create!(project: product, name: 'Backend')
developer = Role.find_by!(name: 'Developer')
developer.update!(permissions: developer.permissions | %i[delete_issues edit_own_issue_notes view_private_notes set_notes_private])
Member.create!(project: product, principal: bridge, roles: [bridge_role])
[product, other].each { |p| Member.create!(project: p, principal: dev, roles: [developer]) }

File.write(ENV.fetch('REDMINE_KEYS'), keys.map { |k, v| "#{k}=#{v}\n" }.join)
